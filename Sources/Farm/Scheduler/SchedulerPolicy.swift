/// The scheduler's limits. The defaults suit servers and clients of both kinds, ours and Mozilla's.
package struct SchedulerPolicy: Sendable, Equatable {
  /// How long a server may take to answer assign_job.
  package var assignTimeout = Span.seconds(5)
  /// How much of that a connection to it may take.
  package var connectTimeout = Span.seconds(2)
  /// On how many servers a job is tried before its client is told to go local.
  package var greatestAttempts = 3
  /// How long a client may take to begin the upload of a toolchain.
  package var uploadStartTimeout = Span.seconds(20)
  /// How long an upload may take, with what Mozilla's client does afterwards until the job starts: its
  /// server does not tell when the upload ends.
  package var uploadTimeout = Span.minutes(5)
  /// How long a client may take to send the job, once the server has the toolchain.
  package var claimTimeout = Span.seconds(20)
  /// How long a job may run: Mozilla's client gives up after 20 minutes.
  package var runTimeout = Span.minutes(30)
  /// How long a server may take to stop a job that was cancelled.
  package var cancelTimeout = Span.seconds(10)
  /// Without a sign for so long, a server is gone; Mozilla's sends a heartbeat every 30 s.
  package var serverTimeout = Span.seconds(90)
  /// A server that announces how often it sends heartbeats is gone after so many that did not come.
  package var missedHeartbeats: Int64 = 3
  /// A server whose assign_job failed rests for so long, twice as long after every further failure.
  package var shortestRest = Span.seconds(1)
  package var longestRest = Span.seconds(30)
  /// What a job is thought to need, in bytes, where a server announces its free memory.
  package var memoryPerJob: UInt64 = 512 << 20
  /// How much emptier a server without the toolchain must be to be taken before one that has it: jobs
  /// per CPU. An upload costs seconds, a farm where one server does everything costs more.
  package var uploadPenalty = 0.5
  /// More CPUs than that are not believed.
  package var greatestCPUs = 1024
  /// More servers are refused.
  package var greatestServers = 10_000
  /// Of so many toolchains per server it is remembered that the server has them.
  package var rememberedToolchains = 64

  package init() {}
}
