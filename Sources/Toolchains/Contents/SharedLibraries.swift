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
    let libraries = try list(program, loader: loader)
    let bare = listBare(program, loader: loader)
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
    return try ToolchainTree.realPath(path) == real
  }

  private func link(
    _ name: String, to real: String, near neighbour: String, in tree: inout ToolchainTree
  ) throws(ToolchainError) {
    let place = Path.join(Path.directory(of: try tree.add(neighbour)), name)
    guard place != real, !tree.addLink(at: place, to: real) else { return }
    throw .ambiguousLibrary(name: name, first: place, second: real)
  }

  /// What the program gets when it is called as the compiler is.
  private func list(_ program: String, loader: String) throws(ToolchainError) -> [Library] {
    let result = try ask(loader, ["--list", program], environment: caller.environment)
    if result.isSuccess {
      return Self.libraries(fromList: String(decoding: result.output, as: UTF8.self))
    }
    let errors = String(decoding: result.errors, as: UTF8.self)
    if let name = Self.missing(fromErrors: errors) {
      throw .missingLibrary(program: program, library: name)
    }
    throw .noAnswer(
      program: program, question: "\(loader) --list", reason: String(errors.suffix(300)))
  }

  /// What it gets without this machine's cache and variables; nil where the loader can't tell.
  private func listBare(_ program: String, loader: String) -> [Library]? {
    let option = "--inhibit-cache"
    guard let strict = try? ask(loader, [option, "--list", program], environment: []) else {
      return nil
    }
    if strict.isSuccess {
      return Self.libraries(fromList: String(decoding: strict.output, as: UTF8.self))
    }
    // glibc's gives up at the first library that it doesn't find, and with this variable (which
    // musl's would pass over, and run the program) it goes on.
    guard Self.missing(fromErrors: String(decoding: strict.errors, as: UTF8.self)) != nil,
      let patient = try? ask(
        loader, [option, program], environment: [Array("LD_TRACE_LOADED_OBJECTS=1".utf8)])
    else { return nil }
    return Self.libraries(fromList: String(decoding: patient.output, as: UTF8.self))
  }

  /// Without the variants of libraries for this machine's processor: the server's may be an older
  /// one. Loaders that don't know the option know no variants either.
  private func ask(
    _ loader: String, _ arguments: [String], environment: [[UInt8]]
  ) throws(ToolchainError) -> ProcessResult {
    let result = try caller.run(
      loader, ["--glibc-hwcaps-mask", "none"] + arguments, environment: environment)
    let errors = String(decoding: result.errors, as: UTF8.self)
    if result.isSuccess || Self.missing(fromErrors: errors) != nil { return result }
    return try caller.run(loader, arguments, environment: environment)
  }

  /// The library that glibc's loader complains about.
  static func missing(fromErrors text: String) -> String? {
    guard let start = text.firstRange(of: "error while loading shared libraries: ")?.upperBound,
      let end = text[start...].firstRange(of: ": cannot open shared object file")?.lowerBound
    else { return nil }
    return String(text[start..<end])
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

extension ToolchainTree {
  /// Adds a program or library with its loader and libraries; returns the loader that it names.
  ///
  /// - Parameter loader: for libraries, which don't name one.
  @discardableResult
  mutating func addProgram(
    _ path: String, caller: Caller, loader: String? = nil
  ) throws(ToolchainError) -> String? {
    let real = try add(path)
    guard let head = try ELFHead.read(real) else {
      throw .script(path: path, interpreter: ELFHead.interpreter(of: real))
    }
    if head.isDynamic {
      // The real path: the loader takes $ORIGIN from it, as the kernel does.
      try SharedLibraries(caller: caller).add(of: real, loader: head.loader ?? loader, to: &self)
    }
    return head.loader
  }
}
