/// What the parser must know of a compiler driver.
package struct Compiler: Sendable, Equatable {
  package enum Family: String, Sendable { case gcc, clang }

  package var family: Family
  /// The expansion of `__VERSION__`.
  package var version: String
  /// Major version of the compiler (12 of gcc 12.2.0).
  package var majorVersion: Int
  /// A `.c` file is C++ to this driver (`g++`, `clang++`).
  package var treatsCAsCXX: Bool

  package init(family: Family, version: String, majorVersion: Int, treatsCAsCXX: Bool) {
    self.family = family
    self.version = version
    self.majorVersion = majorVersion
    self.treatsCAsCXX = treatsCAsCXX
  }
}

/// What a compiler call looks like to the parser.
package struct Invocation: Sendable, Equatable {
  /// The words after the compiler's name.
  package var arguments: [String]
  /// The caller's working directory, absolute.
  package var directory: String
  package init(arguments: [String], directory: String) {
    self.arguments = arguments
    self.directory = directory
  }
}

/// The files that parsing may look at (response files, profile directories). The parser itself
/// does no input or output.
package protocol FileReading {
  /// The content of a small text file, or nil when it can't be read. Relative paths are resolved by
  /// the implementation against the invocation's directory.
  func text(of path: String) -> String?
  func isDirectory(_ path: String) -> Bool
}
