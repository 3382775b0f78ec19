import Platform

extension ToolchainContents {
  /// What rustc needs to compile crates elsewhere: itself, its libraries, and the standard library of the
  /// targets. Not what links, documents, formats or debugs: of 1.95, 520 MB of 630.
  ///
  /// - Parameters:
  ///   - sysroot: the toolchain's directory.
  ///   - targets: the machine's own, whose standard library procedural macros are made of, and the one that is
  ///     compiled for.
  ///   - environment: `NAME=value` each, of the caller.
  ///   - directory: of the caller; absolute.
  /// - Throws: what makes the toolchain unfit (a missing library), or the system's failure with the path.
  package static func gatherRust(
    sysroot: String, targets: [String], environment: [[UInt8]], directory: String
  ) throws(ToolchainError) -> ToolchainContents {
    let caller = Caller(environment: environment, directory: directory)
    let program = "\(sysroot)/bin/rustc"
    var tree = ToolchainTree()
    try tree.addProgram(program, caller: caller)
    for target in Set(targets).sorted() {
      let library = "\(sysroot)/lib/rustlib/\(target)/lib"
      // One that is described by a file has none.
      if FileStamp(path: library)?.isDirectory ?? false { try tree.addAll(of: library) }
    }
    tree.addEmptyDirectory("/tmp")
    return ToolchainContents(programs: [program], entries: tree.entries)
  }
}
