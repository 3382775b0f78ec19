import CPosix

/// Becomes the real compiler, with the caller's own arguments and environment. Returns never.
func becomeCompiler(_ call: Call, notice: [UInt8]) -> Never {
  let name = call.words[0]
  let isPath = name.contains(UInt8(ascii: "/")) && !isSelf(name)
  let program = isPath ? name : findCompiler(baseName(name))
  if program.isEmpty {
    writeAll(
      2, bytes("sccache: error: failed to execute compile\nsccache: caused by: cannot find "))
    writeAll(2, name + bytes(" in PATH\n"))
    exit(2)
  }
  execute(program, call, notice: notice)
}

/// Becomes a program that was found for the call. A compiler finds its own parts by argv[0], which
/// therefore is its full path: PATH could lead to somebody else's link of that name.
func execute(_ program: [UInt8], _ call: Call, notice: [UInt8]) -> Never {
  remember(program)
  let name = terminated(program)
  // Never freed: this process is about to be another program.
  let copy = UnsafeMutablePointer<CChar>.allocate(capacity: name.count)
  for (index, character) in name.enumerated() { copy[index] = character }
  call.argv[0] = copy
  execute(program, call.argv, notice: notice)
}

/// Execs a program, or says why it can't and ends as a shell would.
func execute(_ program: [UInt8], _ argv: CStrings, notice: [UInt8]) -> Never {
  writeAll(2, notice)
  execve(terminated(program), argv, cposix_environ())
  let reason = cposix_errno()
  writeAll(2, bytes("sccache: error: failed to execute compile\nsccache: caused by: "))
  writeAll(2, program + bytes(": "))
  if let text = strerror(reason) { writeAll(2, bytes(text)) }
  writeAll(2, bytes("\n"))
  exit(reason == ENOENT ? 127 : 126)
}

/// Adds to what is run for this call.
func remember(_ program: [UInt8]) {
  let outer = getenv(cString(runningProgramsVariable)).map { bytes($0) + bytes(":") } ?? []
  setenv(cString(runningProgramsVariable), terminated(outer + program), 1)
}

/// The first program of that name in PATH that is a compiler: not this wrapper under any name, nor
/// a link to another sccache or ccache, nor what called us if there is something else.
func findCompiler(_ name: [UInt8]) -> [UInt8] {
  guard let path = getenv("PATH") else { return [] }
  let own = status(bytes("/proc/self/exe"))
  let outer =
    getenv(cString(runningProgramsVariable)).map { bytes($0).split(separator: UInt8(ascii: ":")) }
    ?? []
  var caller: [UInt8] = []
  for directory in bytes(path).split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
  {
    let candidate = (directory.isEmpty ? bytes(".") : Array(directory)) + bytes("/") + name
    guard access(terminated(candidate), X_OK) == 0, let found = status(candidate),
      found.st_mode & 0o170000 == 0o100000
    else { continue }
    if let own, isSameProgram(candidate, found, own) || isWrapper(candidate) { continue }
    if !outer.contains(where: { $0.elementsEqual(candidate) }) { return candidate }
    if caller.isEmpty { caller = candidate }
  }
  return outer.count < nestingLimit ? caller : []
}

private func isSelf(_ path: [UInt8]) -> Bool {
  guard let found = status(path), let own = status(bytes("/proc/self/exe")) else { return false }
  return isSameProgram(path, found, own)
}

/// The same inode, or a copy: as long, and equal byte for byte.
private func isSameProgram(_ path: [UInt8], _ found: stat, _ own: stat) -> Bool {
  if found.st_dev == own.st_dev, found.st_ino == own.st_ino { return true }
  guard found.st_size == own.st_size else { return false }
  let left = cposix_open(terminated(path), O_RDONLY | O_CLOEXEC, 0)
  let right = cposix_open("/proc/self/exe", O_RDONLY | O_CLOEXEC, 0)
  defer {
    close(left)
    close(right)
  }
  var a = [UInt8](repeating: 0, count: 16384)
  var b = a
  while true {
    let count = read(left, &a, a.count)
    guard count >= 0, count == read(right, &b, b.count) else { return false }
    if count == 0 { return true }
    guard memcmp(a, b, count) == 0 else { return false }
  }
}

/// True when the path leads to a program named sccache or ccache, with or without a suffix.
private func isWrapper(_ path: [UInt8]) -> Bool {
  guard let resolved = realpath(terminated(path), nil) else { return false }
  defer { free(resolved) }
  let stem = baseName(bytes(resolved)).prefix { $0 != UInt8(ascii: ".") }
  return stem.elementsEqual(bytes("sccache")) || stem.elementsEqual(bytes("ccache"))
}

/// Whether the wrapper was called by its own name: stem `sccache`, any case, any extension.
func isOwnName(_ invokedAs: [UInt8]) -> Bool {
  let stem = baseName(invokedAs).prefix { $0 != UInt8(ascii: ".") }
  return stem.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 32 : $0 }.elementsEqual(bytes("sccache"))
}

/// `sccached`: beside this program, or in `../libexec/sccache` of its prefix, or in PATH.
func daemonProgram() -> [UInt8] {
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = buffer.withUnsafeMutableBytes {
    readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
  }
  if count > 0 {
    let directory = Array(
      buffer[0..<count].prefix(upTo: buffer[0..<count].lastIndex(of: UInt8(ascii: "/")) ?? 0))
    for place in [bytes("/../libexec/sccache/sccached"), bytes("/sccached")] {
      let candidate = directory + place
      if access(terminated(candidate), X_OK) == 0 { return candidate }
    }
  }
  guard let path = getenv("PATH") else { return [] }
  for directory in bytes(path).split(separator: UInt8(ascii: ":")) {
    for place in [bytes("/sccached"), bytes("/../libexec/sccache/sccached")] {
      let candidate = Array(directory) + place
      if access(terminated(candidate), X_OK) == 0 { return candidate }
    }
  }
  return []
}

/// Every mode but compiling is `sccached`'s.
func becomeDaemonProgram(_ argv: CStrings) -> Never {
  let program = daemonProgram()
  if program.isEmpty {
    writeAll(
      2,
      bytes(
        "sccache: error: sccached was not found beside sccache, in ../libexec/sccache or in PATH\n")
    )
    exit(2)
  }
  execute(program, argv, notice: [])
}

private func status(_ path: [UInt8]) -> stat? {
  var result = stat()
  return stat(terminated(path), &result) == 0 ? result : nil
}
