import Compilers
import Platform

/// A compiler as it is installed now: what it is, and the digest of all programs that compile.
final class CompilerIdentity: Sendable {
  let compiler: Compiler
  /// Of the driver, the compilers proper, the assembler, their libraries, specs and configuration.
  let digest: Digest
  /// The programs and files behind the digest, with the stamps that they had.
  let parts: [(path: String, stamp: FileStamp)]

  init(compiler: Compiler, digest: Digest, parts: [(path: String, stamp: FileStamp)]) {
    self.compiler = compiler
    self.digest = digest
    self.parts = parts
  }

  /// Nothing was replaced since.
  var isCurrent: Bool {
    parts.allSatisfy { FileStamp(path: $0.path) == $0.stamp }
  }
}
