import CPosix
import Glibc

/// A system call that failed: what was tried, on what, and why.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  package var operation: String
  package var path: String
  /// The value of `errno`.
  package var code: Int32

  package init(_ operation: String, _ path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  package var description: String {
    "can't \(operation) \(path): \(String(cString: strerror(code))) (os error \(code))"
  }
}
