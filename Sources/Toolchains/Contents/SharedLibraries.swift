import Platform

/// The shared libraries that programs need, found by the dynamic loader itself: it alone knows all
/// rules (RUNPATH, LD_LIBRARY_PATH, its cache, its default directories).
struct SharedLibraries {
  struct Library: Equatable {
    var name: String
    /// Nil: the loader doesn't find it.
    var path: String?
  }

  let caller: Caller

  /// Adds the loader and all libraries of a program or library to the tree.
  ///
  /// The unpacked tree has neither this machine's `ld.so.cache` nor the caller's LD_LIBRARY_PATH.
  /// A library that is only found with their help gets a link in the directory of the C library,
  /// where the loader looks by default.
  /// - Parameter loader: for libraries, which don't name one.
  func add(
    of program: String, loader: String?, to tree: inout ToolchainTree
  ) throws(ToolchainError) {
    guard let loader else { return }
    try tree.add(loader)
    let libraries = try list(program, loader: loader, options: [])
    let bare = try? list(
      program, loader: loader, options: ["--inhibit-cache"], environment: [])
    // Where musl's loader has no such option there is no cache either.
    let found = Dictionary(
      (bare ?? libraries).compactMap { library in library.path.map { (library.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    for library in libraries {
      guard let path = library.path else {
        throw .missingLibrary(program: program, library: library.name)
      }
      let real = try tree.add(path)
      // Needed by its path: nothing is searched.
      if library.name.utf8.contains(UInt8(ascii: "/")) { continue }
      guard try !leadsTo(real, found[library.name]) else { continue }
      try link(library.name, to: real, near: found["libc.so.6"] ?? loader, in: &tree)
    }
  }

  private func leadsTo(_ real: String, _ path: String?) throws(ToolchainError) -> Bool {
    guard let path, FileStamp(path: path) != nil else { return false }
    var scratch = ToolchainTree()
    return try scratch.add(path) == real
  }

  private func link(
    _ name: String, to real: String, near neighbour: String, in tree: inout ToolchainTree
  ) throws(ToolchainError) {
    let place = Path.join(Path.directory(of: try tree.add(neighbour)), name)
    guard place != real, !tree.addLink(at: place, to: real) else { return }
    throw .ambiguousLibrary(name: name, first: place, second: real)
  }

  private func list(
    _ program: String, loader: String, options: [String], environment: [[UInt8]]? = nil
  ) throws(ToolchainError) -> [Library] {
    let result = try caller.run(
      loader, options + ["--list", program], environment: environment)
    let text = String(decoding: result.output, as: UTF8.self)
    let libraries = Self.libraries(fromList: text)
    guard result.isSuccess || !libraries.isEmpty || text.contains("statically linked") else {
      let reason = String(decoding: result.errors.suffix(300), as: UTF8.self)
      throw .noAnswer(program: program, question: "\(loader) --list", reason: reason)
    }
    return libraries
  }

  /// Reads what the loader prints (`ldd` prints the same): `name => path (address)`,
  /// `path (address)`, `name => not found`. The kernel's own library has no file.
  static func libraries(fromList text: String) -> [Library] {
    var libraries: [Library] = []
    for line in text.split(separator: "\n") {
      let words = line.drop { $0 == "\t" || $0 == " " }
      let end = words.firstRange(of: " (0x")?.lowerBound ?? words.endIndex
      let statement = words[..<end]
      if let arrow = statement.firstRange(of: " => ") {
        let path = String(statement[arrow.upperBound...])
        libraries.append(
          Library(
            name: String(statement[..<arrow.lowerBound]),
            path: path.hasPrefix("/") ? path : nil))
      } else if statement.hasPrefix("/") {
        let path = String(statement)
        libraries.append(Library(name: Path.name(of: path), path: path))
      }
    }
    return libraries
  }
}
