import Glibc
import Platform
package import Testing

/// Threads that some tests have for themselves. Swift's shared pool has as many threads as cores, and the
/// runner starts all tests at once: in that queue a server on loopback would wait behind hundreds of tests,
/// and all of them behind those that block a thread while a program runs.
final class TestThreads: TaskExecutor {
  /// As many at once as in the shared pool: most of such a test's work is done by its children.
  static let programs = TestThreads(count: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  /// For serial suites whose cases have a time limit, which counts while they wait for a thread, too.
  static let farms = TestThreads(count: 3)
  static let servers = TestThreads(count: 2)

  private let jobs = Monitor<[UnownedJob]>([])

  private init(count: Int) {
    for _ in 0..<count {
      let isStarted = startThread(stackSize: 8 << 20) {
        while let job = self.next() { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
      }
      precondition(isStarted, "no thread for the tests")
    }
  }

  func enqueue(_ job: UnownedJob) {
    jobs.change { $0.append(job) }
  }

  private func next() -> UnownedJob? {
    jobs.wait(until: .max) { $0.isEmpty ? nil : $0.removeFirst() }
  }
}

/// Runs each case of a test on threads of their own.
package struct ThreadsTrait: SuiteTrait, TestTrait, TestScoping {
  fileprivate let threads: TestThreads
  package var isRecursive: Bool { true }

  package func scopeProvider(for test: Test, testCase: Test.Case?) -> ThreadsTrait? {
    testCase == nil ? nil : self
  }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(threads) { try await function() }
  }
}

extension Trait where Self == ThreadsTrait {
  /// For suites whose tests run programs and wait for them.
  package static var blocking: ThreadsTrait { ThreadsTrait(threads: .programs) }
  /// For serial suites that have a farm built and wait for it.
  package static var blockingForFarms: ThreadsTrait { ThreadsTrait(threads: .farms) }
  /// For suites with a server in this process. Their tests must not block.
  package static var serving: ThreadsTrait { ThreadsTrait(threads: .servers) }
}
