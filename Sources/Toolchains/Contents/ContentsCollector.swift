import Compilers
import Platform

/// Puts the parts of one compiler into a tree, by asking it.
struct ContentsCollector {
  let driver: Driver
  private(set) var tree = ToolchainTree()
  /// The drivers in the tree.
  private(set) var programs: [String] = []
  /// The driver's own loader serves libraries that don't name one.
  private var loader: String?

  init(_ driver: Driver) {
    self.driver = driver
  }

  /// What compiling needs of a compiler. Two drivers with the same parts are one toolchain.
  private struct Parts: Equatable {
    /// Programs and libraries, which need libraries themselves.
    var programs: [String] = []
    var files: [String] = []
    var directories: [String] = []
  }

  mutating func collect(_ family: Compiler.Family) throws(ToolchainError) {
    let parts = try Self.parts(of: driver, family)
    try add(driver)
    // A project in C and C++ then has one archive instead of two that differ in their drivers.
    if let sibling = driver.sibling, let others = try? Self.parts(of: sibling, family),
      others == parts
    {
      try add(sibling)
    }
    programs.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for path in parts.programs { try addProgram(path) }
    for path in parts.files { try tree.add(path) }
    for path in parts.directories { try tree.addAll(of: path) }
    try addLoaderConfiguration()
    // Compilers put their intermediate files there.
    tree.addEmptyDirectory("/tmp")
  }

  // MARK: finding parts

  private static func parts(
    of driver: Driver, _ family: Compiler.Family
  ) throws(ToolchainError) -> Parts {
    let real = try ToolchainTree.realPath(driver.path)
    guard try ELFHead.read(real) != nil else {
      throw .script(path: driver.path, interpreter: ELFHead.interpreter(of: real))
    }
    return switch family {
    case .gcc: try partsOfGCC(driver)
    case .clang: try partsOfClang(driver, real)
    }
  }

  private static func partsOfGCC(_ driver: Driver) throws(ToolchainError) -> Parts {
    _ = try driver.check(.gcc)
    let proper = ["cc1", "cc1plus"].compactMap(driver.program)
    guard !proper.isEmpty else { throw .noCompilerProper(program: driver.path) }
    // objcopy makes the .dwo of -gsplit-dwarf.
    let tools = ["as", "objcopy"].compactMap(driver.program)
    let plugins = ["liblto_plugin.so"].compactMap(driver.file)
    return Parts(
      programs: proper + tools + plugins, files: ["specs"].compactMap(driver.file))
  }

  private static func partsOfClang(
    _ driver: Driver, _ real: String
  ) throws(ToolchainError) -> Parts {
    let configurations = try driver.check(.clang)
    let resources = try driver.resourceDirectory()
    // Lists of what sanitizers pass over are in share; the libraries beside serve the linker only.
    let directories = ["include", "share"].map { Path.join(resources, $0) }
      .filter { FileStamp(path: $0)?.isDirectory ?? false }
    // The assembler is for -fno-integrated-as.
    return Parts(
      programs: [real] + ["as", "objcopy"].compactMap(driver.program), files: configurations,
      directories: directories)
  }

  // MARK: adding parts

  private mutating func add(_ driver: Driver) throws(ToolchainError) {
    programs.append(driver.path)
    let own = try addProgram(driver.path)
    if loader == nil { loader = own }
  }

  /// Adds a program with its loader and libraries; returns the loader.
  @discardableResult
  private mutating func addProgram(_ path: String) throws(ToolchainError) -> String? {
    try tree.addProgram(path, caller: driver.caller, loader: loader)
  }

  /// The loader does not read these files, `ldconfig` does, should somebody run it in the tree.
  /// Only those count that name a directory of the tree's libraries: what else is installed on
  /// this machine must not change the archive.
  private mutating func addLoaderConfiguration() throws(ToolchainError) {
    let main = "/etc/ld.so.conf"
    guard FileStamp(path: main)?.isRegular ?? false else { return }
    try tree.add(main)
    let directories = tree.libraryDirectories
    for name in (Files.names(in: main + ".d") ?? []) where name.hasSuffix(".conf") {
      let path = Path.join(main + ".d", name)
      guard FileStamp(path: path)?.isRegular ?? false,
        let bytes = try? Files.read(path, limit: 64 << 10)
      else { continue }
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      let real = lines.filter { $0.hasPrefix("/") }.compactMap { try? ToolchainTree.realPath($0) }
      if real.contains(where: directories.contains) { try tree.add(path) }
    }
  }
}
