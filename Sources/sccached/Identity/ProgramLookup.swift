import Glibc
import Platform

/// Finds the program that a caller's command name means.
enum ProgramLookup {
  /// The absolute path (symbolic links kept), or nil. Wrappers named sccache or ccache, and whatever
  /// links to them, are passed over, so that a masquerade earlier in PATH is never taken for the
  /// compiler.
  static func find(_ name: String, directory: String, environment: RequestEnvironment) -> String? {
    if name.utf8.contains(UInt8(ascii: "/")) {
      let path = Path.absolute(name, in: directory)
      guard isProgram(path) else { return nil }
      guard isWrapper(path) else { return path }
      return search(Path.name(of: name), directory, environment)
    }
    return search(name, directory, environment)
  }

  private static func search(
    _ name: String, _ directory: String, _ environment: RequestEnvironment
  ) -> String? {
    guard let path = environment.value("PATH") else { return nil }
    for part in path.split(separator: ":", omittingEmptySubsequences: false) {
      let candidate = Path.absolute(
        Path.join(part.isEmpty ? "." : String(part), name), in: directory)
      if isProgram(candidate), !isWrapper(candidate) { return candidate }
    }
    return nil
  }

  private static func isProgram(_ path: String) -> Bool {
    guard let stamp = FileStamp(path: path) else { return false }
    return stamp.isRegular && stamp.isExecutable
  }

  /// Whether the path is, or links to, a program named `sccache` or `ccache`, or is a hard link to or
  /// copy of our own wrapper.
  static func isWrapper(_ path: String) -> Bool {
    guard let link = FileStamp.ofLink(path: path) else { return false }
    if link.isRegular, WrapperImage.shared.matches(path, link) { return true }
    guard link.mode & 0o170000 == 0o120000, let resolved = realPath(path) else { return false }
    let stem = Path.name(of: resolved).prefix { $0 != "." }
    if stem == "sccache" || stem == "ccache" { return true }
    guard let stamp = FileStamp(path: resolved) else { return false }
    return WrapperImage.shared.matches(resolved, stamp)
  }

  static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }
}

/// The wrapper program that belongs to this daemon, to know its copies by.
struct WrapperImage: Sendable {
  static let shared = WrapperImage()

  private let stamp: FileStamp?
  private let path: String?

  init() {
    guard let own = ProgramLookup.realPath("/proc/self/exe") else {
      stamp = nil
      path = nil
      return
    }
    let directory = Path.directory(of: own)
    let places = [directory + "/../../bin/sccache", directory + "/sccache"]
    path = places.first { FileStamp(path: $0)?.isRegular ?? false }
    stamp = path.flatMap { FileStamp(path: $0) }
  }

  /// The same inode, or as long and equal.
  func matches(_ candidate: String, _ other: FileStamp) -> Bool {
    guard let stamp, let path else { return false }
    if stamp.device == other.device, stamp.inode == other.inode { return true }
    guard stamp.size == other.size, let own = try? Files.digest(of: path) else { return false }
    return (try? Files.digest(of: candidate)) == own
  }
}
