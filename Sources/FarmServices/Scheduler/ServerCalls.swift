import Farm
import Platform
import Transport

/// The scheduler's calls of build servers.
struct ServerCalls: Sendable {
  let client: HTTPClient
  let threads: BlockingThreads
  let policy: SchedulerPolicy

  /// Tells a server of a job; gives the event that this leads to.
  func assign(_ assignment: Assignment, certificate: [UInt8]) async -> SchedulerEvent {
    await threads.run {
      let server = assignment.server
      func failed(_ causes: [String]) -> SchedulerEvent {
        .assignFailed(assignment.job, on: server, causes: causes)
      }
      do throws(HTTPFailure) {
        let answer = try client.ask(
          question(.assignJob(assignment.job), assignment, certificate), deadlines: deadlines)
        guard answer.status == 200 else {
          return failed(["\(server) answered \(answer.status)"])
        }
        guard let told = try? AssignmentAnswer(body: answer.body) else {
          return failed(["\(server) answered what can't be read"])
        }
        return .assigned(assignment.job, on: server, needsToolchain: told.needsToolchain)
      } catch {
        return failed(["\(server) can't be used", "\(error)"])
      }
    }
  }

  private func question(
    _ endpoint: FarmCall, _ assignment: Assignment, _ certificate: [UInt8]
  ) -> HTTPQuestion {
    var question = HTTPQuestion(.post, "https://\(assignment.server)\(endpoint.path)")
    let token = JobToken(job: assignment.job).signed(with: Array(assignment.jobKey))
    question.headers = [
      ("authorization", Authorization.header(bearer: token)),
      ("content-type", "application/octet-stream"),
    ]
    question.body = .bytes(ToolchainRequest(archive: assignment.archive).body)
    question.pinnedCertificate = certificate
    question.answerLimit = 64 << 10
    return question
  }

  private var deadlines: HTTPDeadlines {
    var deadlines = HTTPDeadlines()
    let limit = Int(policy.assignTimeout.nanoseconds / 1_000_000)
    deadlines.connect = min(Int(policy.connectTimeout.nanoseconds / 1_000_000), limit)
    deadlines.total = limit
    return deadlines
  }
}
