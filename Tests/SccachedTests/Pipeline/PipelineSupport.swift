import Glibc
import Platform
import TestSupport

@testable import sccached

extension TemporaryDirectory {
  /// Long enough for a stamp to be settled.
  func settle() { usleep(30_000) }
}

extension RequestEnvironment {
  init(_ variables: String...) {
    self.init(variables: variables.map { Array($0.utf8) })
  }
}

/// Runs a body on a thread of its own; the result when it comes within half a minute.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Monitor<Result?> {
  let result = Monitor<Result?>(nil)
  _ = startThread {
    let value = body()
    result.change { $0 = value }
  }
  return result
}

extension Monitor {
  func awaited<Wrapped>() -> Wrapped? where Value == Wrapped? {
    wait(until: Clock.monotonic + 30_000_000_000) { $0 }
  }
}
