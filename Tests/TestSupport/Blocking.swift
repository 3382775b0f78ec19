import Glibc
import Platform
package import Testing

/// Threads for tests that wait by blocking: Swift's shared pool has as many threads as cores, and what
/// else runs in this process, such as servers on loopback, would wait with them.
final class BlockingThreads: TaskExecutor {
  /// As many at once as in the shared pool: most of such a test's work is done by its children.
  static let shared = BlockingThreads(count: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

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

/// Runs each case of a test on threads that may block.
package struct BlockingTrait: SuiteTrait, TestTrait, TestScoping {
  package var isRecursive: Bool { true }

  package func scopeProvider(for test: Test, testCase: Test.Case?) -> BlockingTrait? {
    testCase == nil ? nil : self
  }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(BlockingThreads.shared) { try await function() }
  }
}

extension Trait where Self == BlockingTrait {
  /// For suites whose tests run programs and wait for them.
  package static var blocking: BlockingTrait { BlockingTrait() }
}
