import Compilers
import Platform

/// A compiler as it is installed now: what it is, and the digest of all programs that compile.
final class CompilerIdentity: Sendable {
  let compiler: Compiler
  /// Of the driver, the compilers proper, the assembler, their libraries, specs and configuration.
  let digest: Digest
  /// The programs and files behind the digest, with the stamps that they had
  /// (nil: nothing was there).
  let parts: [(path: String, stamp: FileStamp?)]
  /// The variables that a wrapper script mentions, as they were (nil: unset).
  let variables: [(name: String, value: String?)]

  init(
    compiler: Compiler, digest: Digest, parts: [(path: String, stamp: FileStamp?)],
    variables: [(name: String, value: String?)]
  ) {
    self.compiler = compiler
    self.digest = digest
    self.parts = parts
    self.variables = variables
  }

  /// Nothing was replaced since, and this caller's variables are the same.
  func holds(in environment: RequestEnvironment) -> Bool {
    variables.allSatisfy { environment.value($0.name) == $0.value }
      && parts.allSatisfy { FileStamp(path: $0.path) == $0.stamp }
  }
}
