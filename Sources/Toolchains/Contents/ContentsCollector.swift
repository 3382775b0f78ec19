import Compilers
import Platform

/// Puts the parts of one compiler into a tree, by asking it.
struct ContentsCollector {
  let program: String
  let arguments: [String]
  let caller: Caller
  var tree = ToolchainTree()
  /// The driver's own loader serves libraries that don't name one.
  private var loader: String?

  init(program: String, arguments: [String], caller: Caller) {
    self.program = program
    self.arguments = arguments
    self.caller = caller
  }

  // MARK: parts of every compiler

  mutating func addDriver() throws(ToolchainError) {
    loader = try addProgram(program)
  }

  /// Adds a program with its loader and libraries; returns the loader.
  @discardableResult
  private mutating func addProgram(_ path: String) throws(ToolchainError) -> String? {
    let real = try tree.add(path)
    guard let head = try ELFHead.read(real) else {
      throw .script(path: path, interpreter: ELFHead.interpreter(of: real))
    }
    if head.isDynamic {
      // The real path: the loader takes $ORIGIN from it, as the kernel does.
      try SharedLibraries(caller: caller).add(of: real, loader: head.loader ?? loader, to: &tree)
    }
    return head.loader
  }

  /// The loader does not read these files, `ldconfig` does, should somebody run it in the tree.
  /// Only those count that name a directory of the tree's libraries: what else is installed on
  /// this machine must not change the archive.
  mutating func addLoaderConfiguration() throws(ToolchainError) {
    let main = "/etc/ld.so.conf"
    guard FileStamp(path: main)?.isRegular ?? false else { return }
    try tree.add(main)
    let directory = main + ".d"
    for name in (Files.names(in: directory) ?? []).sorted() where name.hasSuffix(".conf") {
      let path = Path.join(directory, name)
      guard FileStamp(path: path)?.isRegular ?? false,
        let bytes = try? Files.read(path, limit: 64 << 10)
      else { continue }
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      if lines.contains(where: holdsLibraries) { try tree.add(path) }
    }
  }

  private func holdsLibraries(_ directory: String) -> Bool {
    guard directory.hasPrefix("/") else { return false }
    var scratch = ToolchainTree()
    guard let real = try? scratch.add(directory) else { return false }
    let start = real + "/"
    return tree.entries.contains { entry in
      guard entry.kind != .directory, entry.path.hasPrefix(start) else { return false }
      let name = entry.path.dropFirst(start.count)
      return !name.contains("/") && name.contains(".so")
    }
  }

  // MARK: gcc

  mutating func addGCC() throws(ToolchainError) {
    try refuseLauncher()
    var hasProper = false
    for name in ["cc1", "cc1plus"] {
      guard let path = findProgram(name) else { continue }
      try addProgram(path)
      hasProper = true
    }
    guard hasProper else { throw .noCompilerProper(program: program) }
    // objcopy makes the .dwo of -gsplit-dwarf.
    for name in ["as", "objcopy"] {
      if let path = findProgram(name) { try addProgram(path) }
    }
    for name in ["specs", "liblto_plugin.so"] {
      guard let path = answer("-print-file-name=\(name)"), path.hasPrefix("/"),
        FileStamp(path: path)?.isRegular ?? false
      else { continue }
      if name == "specs" { try tree.add(path) } else { try addProgram(path) }
    }
  }

  /// ccache and distcc under the name of gcc pass on what they don't know, so that their answers
  /// look right; but gcc tells how it was called.
  private func refuseLauncher() throws(ToolchainError) {
    let mark = "COLLECT_GCC="
    guard let line = try dryRun().first(where: { $0.hasPrefix(mark) }) else { return }
    try expect(String(line.dropFirst(mark.count)))
  }

  // MARK: clang

  mutating func addClang() throws(ToolchainError) {
    let lines = try dryRun()
    if let words = Detection.frontEndCommand(fromDryRun: lines.joined(separator: "\n")) {
      try expect(words[0])
    }
    let mark = "Configuration file: "
    for line in lines where line.hasPrefix(mark) {
      try tree.add(String(line.dropFirst(mark.count)))
    }
    // Where clang is told not to assemble by itself.
    for name in ["as", "objcopy"] {
      if let path = findProgram(name) { try addProgram(path) }
    }
    guard let resources = answer("-print-resource-dir"), resources.hasPrefix("/") else {
      throw .noAnswer(
        program: program, question: "-print-resource-dir", reason: "it names no directory")
    }
    // Lists of what sanitizers pass over are in share; the libraries beside serve the linker only.
    for name in ["include", "share"] {
      let path = Path.join(resources, name)
      if FileStamp(path: path)?.isDirectory ?? false { try tree.addAll(of: path) }
    }
  }

  // MARK: questions

  /// The program that really runs must be the one that is packed.
  private func expect(_ started: String) throws(ToolchainError) {
    guard let path = caller.find(started) else { return }
    var scratch = ToolchainTree()
    guard try scratch.add(path) == (try scratch.add(program)) else {
      throw .launcher(program: program, started: path)
    }
  }

  /// The lines in which the driver tells what it would do.
  private func dryRun() throws(ToolchainError) -> [String] {
    let question = ["-v", "-###", "-x", "c", "-c", "/dev/null", "-o", "/dev/null"]
    let result = try caller.run(program, arguments + question)
    let text = String(decoding: result.errors, as: UTF8.self)
    guard result.isSuccess else {
      throw .noAnswer(
        program: program, question: question.joined(separator: " "),
        reason: String(text.suffix(300)))
    }
    return text.split(separator: "\n").map(String.init)
  }

  private func answer(_ question: String) -> String? {
    guard let result = try? caller.run(program, arguments + [question]), result.isSuccess else {
      return nil
    }
    let line = result.output.prefix { $0 != UInt8(ascii: "\n") }
    return String(validating: line, as: UTF8.self)
  }

  private func findProgram(_ name: String) -> String? {
    answer("-print-prog-name=\(name)").flatMap(caller.find)
  }
}
