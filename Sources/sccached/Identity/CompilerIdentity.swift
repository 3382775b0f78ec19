import Compilers
import Platform

/// A program or file that belongs to a compiler, as it was when the compiler was identified.
struct CompilerPart: Sendable {
  var path: String
  /// Nil: nothing was there.
  var stamp: FileStamp?
  /// The name by which the compiler looks for it in PATH, where another one could be put in front.
  var name: String?

  var isInPlace: Bool { FileStamp(path: path) == stamp }
}

/// A compiler as it is installed now: what it is, and the digest of all programs that compile.
final class CompilerIdentity: Sendable {
  let compiler: Compiler
  /// Of the driver, the compilers proper, the assembler, their libraries, specs and configuration.
  let digest: Digest
  /// The programs and files behind the digest that serve every language.
  let parts: [CompilerPart]
  /// Those that one compiler proper alone uses, by its name (`Language.compilerProper`).
  let properParts: [String: [CompilerPart]]
  /// The variables that a wrapper script mentions, as they were (nil: unset).
  let variables: [(name: String, value: String?)]

  /// What the caller runs is a script around the compiler, which may add anything.
  let isScript: Bool

  init(
    compiler: Compiler, digest: Digest, parts: [CompilerPart],
    properParts: [String: [CompilerPart]], variables: [(name: String, value: String?)],
    isScript: Bool = false
  ) {
    self.compiler = compiler
    self.digest = digest
    self.parts = parts
    self.properParts = properParts
    self.variables = variables
    self.isScript = isScript
  }

  /// Nothing that serves every language was replaced since, and this caller's variables are the same.
  func holds(in environment: RequestEnvironment, directory: String, walk: PathWalk) -> Bool {
    variables.allSatisfy { environment.value($0.name) == $0.value }
      && parts.allSatisfy { part in
        if let name = part.name {
          let found = ProgramLookup.find(
            name, directory: directory, environment: environment, walk: walk)
          guard found.map(ExactText.init) == ExactText(part.path) else { return false }
        }
        return walk.stamp(of: part.path) == part.stamp
      }
  }

  /// Nothing that compiles this language alone was replaced since.
  func holds(for language: Language) -> Bool {
    guard let name = language.compilerProper else {
      return properParts.values.allSatisfy { $0.allSatisfy(\.isInPlace) }
    }
    return properParts[name, default: []].allSatisfy(\.isInPlace)
  }
}
