import Glibc
import Platform
import Synchronization
import Wire

/// Finds the program that a caller's command name means.
enum ProgramLookup {
  /// The absolute path (symbolic links kept), or nil. Wrappers named sccache or ccache, and whatever
  /// links to them, are passed over, so that a masquerade earlier in PATH is never taken for the
  /// compiler; so is a program that called the wrapper back, if there is another one.
  ///
  /// `walk` is one of this caller's that has just begun; without it there is a new one.
  static func find(
    _ name: String, directory: String, environment: RequestEnvironment, walk: PathWalk? = nil
  ) -> String? {
    let walk = walk ?? PathWalk(environment, directory: directory)
    if name.utf8.contains(UInt8(ascii: "/")) {
      let path = Path.absolute(name, in: directory)
      guard let stamp = FileStamp(path: path), stamp.isProgram else { return nil }
      guard isWrapper(path, stamp) else { return path }
      return search(Path.name(of: name), environment, walk)
    }
    return search(name, environment, walk)
  }

  private static func search(
    _ name: String, _ environment: RequestEnvironment, _ walk: PathWalk
  ) -> String? {
    let outer = environment.runningPrograms
    var found: String?
    var caller: String?
    walk.programs(name) { candidate, stamp in
      if isWrapper(candidate, stamp) { return false }
      if outer.contains(candidate) {
        caller = caller ?? candidate
        return false
      }
      found = candidate
      return true
    }
    return found ?? (outer.count < nestingLimit ? caller : nil)
  }

  private static func isWrapper(_ path: String, _ stamp: FileStamp) -> Bool {
    guard let link = FileStamp.ofLink(path: path) else { return false }
    return WrapperMemo.shared.isWrapper(path, link: link, target: stamp)
  }

  /// Whether the path is, or links to, a program named `sccache` or `ccache`, or is a hard link to or
  /// copy of our own wrapper.
  static func isWrapper(_ path: String, link: FileStamp, target: FileStamp) -> Bool {
    if link.isRegular { return WrapperImage.shared.matches(path, link) }
    guard let resolved = realPath(path) else { return false }
    let stem = Path.name(of: resolved).prefix { $0 != "." }
    if stem == "sccache" || stem == "ccache" { return true }
    return WrapperImage.shared.matches(resolved, target)
  }

  static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }
}

/// Remembers which programs are wrappers for as long as neither the link nor the program at its end is
/// replaced.
private final class WrapperMemo: Sendable {
  static let shared = WrapperMemo()

  private struct Answer {
    var link: FileStamp
    var target: FileStamp
    var isWrapper: Bool
  }

  private let known = Mutex<[ExactText: Answer]>([:])
  private static let limit = 1024

  func isWrapper(_ path: String, link: FileStamp, target: FileStamp) -> Bool {
    if let answer = known.withLock({ $0[ExactText(path)] }), answer.link == link,
      answer.target == target
    {
      return answer.isWrapper
    }
    let isWrapper = ProgramLookup.isWrapper(path, link: link, target: target)
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll() }
      known[ExactText(path)] = Answer(link: link, target: target, isWrapper: isWrapper)
    }
    return isWrapper
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
