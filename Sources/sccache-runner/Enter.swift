import CPosix
import CSandbox

/// `enter USER GROUP [CGROUP.PROCS...] -- PROGRAM [ARGUMENT...]`: joins the slot's cgroups, becomes the
/// slot's host user, and executes bubblewrap. Users of `-` mean: stay who you are. What follows inherits
/// the cgroups, so that no job ever has to be moved: writing a pid costs ten milliseconds.
func enter(_ arguments: CStrings, _ words: [[UInt8]]) -> Int32 {
  guard let separator = words.firstIndex(of: bytes("--")), separator >= 4,
    separator + 1 < words.count, let program = arguments[separator + 1]
  else {
    complain("enter: arguments are missing")
    return 2
  }
  for group in words[4..<separator] {
    guard writeText(bytes("0"), to: group) else {
      complain("can't join the slot's cgroup", code: cposix_errno())
      return 125
    }
  }
  // Standard streams, the control socket, and bubblewrap's two; the server marks all others itself.
  _ = csandbox_close_all(6, ~0)
  setsid()
  umask(0o022)
  _ = csandbox_limit(4 /* CORE */, 0, 0)
  if words[2] != bytes("-") {
    // Only root may lower it. The runner is the last to go when memory ends; jobs raise theirs.
    _ = writeText(bytes("-900"), to: bytes("/proc/self/oom_score_adj"))
    guard let user = decimal(words[2]), let group = decimal(words[3]), user > 0, group > 0,
      csandbox_become(user, group) == 0
    else {
      complain("can't become the slot's user", code: cposix_errno())
      return 125
    }
  }
  var none: UnsafeMutablePointer<CChar>?
  execve(program, arguments + (separator + 1), &none)
  complain("can't start bubblewrap", code: cposix_errno())
  return 126
}

/// Writes a kernel file in one piece.
func writeText(_ text: [UInt8], to path: [UInt8]) -> Bool {
  let file = cposix_open(terminated(path), O_WRONLY | O_CLOEXEC, 0)
  guard file >= 0 else { return false }
  let written = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  // A close that succeeds leaves errno as the write set it.
  close(file)
  return written == text.count
}

private func decimal(_ digits: [UInt8]) -> UInt32? {
  var value: UInt64 = 0
  guard !digits.isEmpty, digits.count <= 10 else { return nil }
  for digit in digits {
    guard digit >= 0x30, digit <= 0x39 else { return nil }
    value = value * 10 + UInt64(digit - 0x30)
  }
  return UInt32(exactly: value)
}
