import Farm
import Logging
import Platform
import Settings
import Synchronization
import Transport

/// A build server's calls of the scheduler.
final class SchedulerCalls: Sendable {
  private let url: String
  private let authorization: String
  private let client: HTTPClient
  private let threads: BlockingThreads
  private let takesExtensionsFlag = Atomic(false)

  init(_ settings: BuildServerSettings, client: HTTPClient, threads: BlockingThreads) {
    url = settings.schedulerURL
    self.client = client
    self.threads = threads
    let token =
      switch settings.schedulerAuthentication {
      case .dangerouslyInsecure:
        Authorization.sharedToken("dangerously_insecure_server", of: settings.publicAddress)
      case .jwtToken(let token): token.value
      case .token(let token): Authorization.sharedToken(token.value, of: settings.publicAddress)
      }
    authorization = Authorization.header(bearer: token)
  }

  /// The scheduler is one of ours, as far as it has answered.
  var takesExtensions: Bool { takesExtensionsFlag.load(ordering: .relaxed) }

  func heartbeat(_ heartbeat: Heartbeat) async throws(WorkerFailure) -> HeartbeatAnswer {
    let answer: HeartbeatAnswer = try await ask(.heartbeat, heartbeat.body, seconds: 10)
    takesExtensionsFlag.store(answer.takesExtensions, ordering: .relaxed)
    return answer
  }

  func report(_ state: JobState, of job: JobID) async throws(WorkerFailure) {
    let _: JobStateAnswer = try await ask(.jobState(job), JobStateReport(state).body, seconds: 10)
  }

  private static func meaning(ofStatus status: Int) -> String {
    guard status == 401 else { return "the scheduler answers \(status)" }
    return "the scheduler refuses this server (401): the token in [scheduler_auth] is not from its "
      + "key, or not for the address from which this server's calls reach it"
  }

  private func ask<Answer: WireAnswer>(
    _ endpoint: FarmCall, _ body: [UInt8], seconds: Int
  ) async throws(WorkerFailure) -> Answer {
    var question = HTTPQuestion(.post, url + endpoint.path)
    question.headers = [
      ("authorization", authorization), ("content-type", "application/octet-stream"),
    ]
    question.body = .bytes(body)
    question.answerLimit = 1 << 20
    let asked = question
    let result = await threads.run { [client] () -> Result<Answer, WorkerFailure> in
      var deadlines = HTTPDeadlines()
      deadlines.total = seconds * 1000
      do throws(HTTPFailure) {
        let answer = try client.ask(asked, deadlines: deadlines)
        guard answer.status == 200 else {
          return .failure(WorkerFailure(Self.meaning(ofStatus: answer.status)))
        }
        guard let message = try? Answer(body: answer.body) else {
          return .failure(WorkerFailure("the scheduler's answer can't be read"))
        }
        return .success(message)
      } catch {
        return .failure(WorkerFailure("the scheduler: \(error)"))
      }
    }
    return try result.get()
  }
}
