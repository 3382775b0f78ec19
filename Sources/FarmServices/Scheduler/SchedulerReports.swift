import Farm
import Platform
import Synchronization

/// What the scheduler has done since it started.
struct SchedulerCounts: Sendable {
  var granted: UInt64 = 0
  var withoutCapacity: UInt64 = 0
  var assignFailures: UInt64 = 0
  var tokensRefused: UInt64 = 0
  var serversLost: UInt64 = 0
  /// By their clients, before they had ended.
  var jobsCancelled: UInt64 = 0
  var failuresReported: UInt64 = 0
  /// Requests whose clients went away before the answer.
  var abandoned: UInt64 = 0
}

extension Scheduler {
  /// `/metrics`.
  func metrics(_ counts: SchedulerCounts) -> [UInt8] {
    var text = MetricsText()
    let status = self.status
    text.add("sccache_scheduler_servers", .gauge, "Build servers known.", status.servers)
    text.add("sccache_scheduler_cpus", .gauge, "Their processors.", status.cpus)
    text.add("sccache_scheduler_jobs", .gauge, "Jobs that occupy a slot.", status.jobs)
    text.add("sccache_scheduler_granted_total", .counter, "Jobs given out.", counts.granted)
    text.add(
      "sccache_scheduler_no_capacity_total", .counter, "Requests turned away: no room.",
      counts.withoutCapacity)
    text.add(
      "sccache_scheduler_assign_failures_total", .counter, "Calls of assign_job that failed.",
      counts.assignFailures)
    text.add(
      "sccache_scheduler_tokens_refused_total", .counter, "Clients without a good token.",
      counts.tokensRefused)
    text.add(
      "sccache_scheduler_servers_lost_total", .counter, "Servers that went silent.",
      counts.serversLost)
    text.add(
      "sccache_scheduler_cancelled_total", .counter, "Jobs that clients gave back.",
      counts.jobsCancelled)
    text.add(
      "sccache_scheduler_failures_reported_total", .counter,
      "Failures of servers, told by clients.",
      counts.failuresReported)
    text.add(
      "sccache_scheduler_abandoned_total", .counter,
      "Requests whose clients went away before the answer.", counts.abandoned)
    let servers = serverReports
    func each(_ value: (ServerReport) -> UInt64) -> [(labels: String, value: UInt64)] {
      servers.map { (MetricsText.label("server", $0.address), value($0)) }
    }
    text.add("sccache_server_jobs", .gauge, "Jobs of a server.", each { UInt64($0.jobs) })
    text.add("sccache_server_capacity", .gauge, "Jobs it may have.", each { UInt64($0.capacity) })
    text.add("sccache_server_completed_total", .counter, "Jobs it completed.", each(\.completed))
    text.add("sccache_server_failed_total", .counter, "Jobs it failed.", each(\.failed))
    text.add(
      "sccache_server_usable", .gauge, "1 when it gets jobs.",
      each { $0.condition == .good ? 1 : 0 })
    return text.bytes
  }

  /// The status with what Mozilla's has not: each server.
  var detailedStatus: JSONValue {
    let servers = serverReports.map { report in
      JSONValue.object([
        ("address", .text(report.address.description)),
        ("condition", .text(report.condition.rawValue)),
        ("cpus", .unsigned(UInt64(report.cpus))), ("jobs", .unsigned(UInt64(report.jobs))),
        ("capacity", .unsigned(UInt64(report.capacity))),
        ("completed", .unsigned(report.completed)), ("failed", .unsigned(report.failed)),
        ("last_failure", report.lastFailure.map { .text($0) } ?? .null),
        ("job_form", .unsigned(UInt64(report.jobForm))),
        ("toolchains", .array(report.toolchains.map { .text($0.description) })),
      ])
    }
    let status = self.status
    return .object([
      ("num_servers", .unsigned(status.servers)), ("num_cpus", .unsigned(status.cpus)),
      ("in_progress", .unsigned(status.jobs)), ("servers", .array(servers)),
    ])
  }
}
