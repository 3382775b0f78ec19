import Compilers
import Glibc
import Platform
import Toolchains

extension Modes {
  /// `--package-toolchain EXE OUT`: what the farm would be sent for a compiler, as a file, to name in
  /// `[[dist.toolchains]]` or to look into.
  static func packageToolchain(_ executable: String, _ output: String) -> Int32 {
    let environment = RequestEnvironment(variables: ProcessEnvironment.variables)
    guard let directory = ProgramLookup.realPath(".") else {
      return Terminal.fail("the working directory is gone: change to another one")
    }
    guard
      let program = ProgramLookup.find(
        executable, directory: directory, environment: environment)
    else {
      return Terminal.fail(
        "failed to spawn \(executable)", causes: ["No such file or directory (os error 2)"])
    }
    guard let family = family(of: program, directory, environment) else {
      return Terminal.fail("Compiler not supported: \"\(program)\" is neither gcc nor clang")
    }
    do throws(ToolchainError) {
      let contents = try ToolchainContents.gather(
        program: program, family: family, arguments: [], environment: environment.variables,
        directory: directory)
      var target = try OutputFile(output)
      try write(contents, of: program, to: target)
      try target.putInPlace()
      return 0
    } catch {
      return Terminal.fail("\(error)")
    }
  }

  private static func family(
    of program: String, _ directory: String, _ environment: RequestEnvironment
  ) -> Compiler.Family? {
    // Of this call alone: whoever could write there would decide what the compiler is taken for.
    let place = Path.join(environment.value("TMPDIR") ?? "/tmp", "sccache-probe-XXXXXX")
    guard let made = mkdtemp(strdup(place)) else { return nil }
    defer { free(made) }
    let scratch = String(cString: made)
    defer {
      for name in Files.names(in: scratch) ?? [] { unlink(Path.join(scratch, name)) }
      rmdir(scratch)
    }
    let prober = CompilerProber(files: FileRecords(), runtimeDirectory: scratch)
    let question = CompilerRegistry.question(program, [], environment)
    return prober.detect(question, directory: directory, environment: environment)?.family
  }

  private static func write(
    _ contents: ToolchainContents, of program: String, to target: borrowing OutputFile
  ) throws(ToolchainError) {
    var notice = PackingNotice(program: program, now: Clock.monotonic)
    try ToolchainArchive(contents, form: .gzip).write(
      to: target.descriptor, path: target.path,
      progress: { done, total in
        if let line = notice.line(done: done, total: total, now: Clock.monotonic) {
          Terminal.write(line + "\n", to: 2)
        }
      })
  }
}

/// What `OUT` names. A file appears there when it is whole; a pipe or device (`/dev/stdout`) is written
/// to as it is.
private struct OutputFile: ~Copyable {
  let path: String
  let descriptor: Descriptor
  private let temporary: String?
  private var isInPlace = false

  init(_ path: String) throws(ToolchainError) {
    self.path = path
    let existing = FileStamp(path: path)
    // A link keeps its place: what it leads to is replaced.
    let isPlain = existing?.isRegular ?? true
    let target = ProgramLookup.realPath(path) ?? path
    temporary = isPlain ? "\(target).\(getpid()).new" : nil
    do throws(SystemError) {
      descriptor = try Descriptor.open(
        temporary ?? path, O_WRONLY | (isPlain ? O_CREAT | O_TRUNC | O_NOFOLLOW : 0), mode: 0o666)
    } catch {
      // In Mozilla's words; the name that was given rather than the one in the making.
      throw .output(path: path, code: error.code)
    }
  }

  mutating func putInPlace() throws(ToolchainError) {
    guard let temporary else { return }
    let target = ProgramLookup.realPath(path) ?? path
    guard rename(temporary, target) == 0 else { throw .output(path: path, code: errno) }
    isInPlace = true
  }

  deinit {
    if let temporary, !isInPlace { unlink(temporary) }
  }
}
