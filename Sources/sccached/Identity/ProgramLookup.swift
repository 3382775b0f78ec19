import Glibc
import Platform
import Synchronization
import Wire

/// Finds the program that a caller's command name means.
enum ProgramLookup {
  /// The absolute path (symbolic links kept), or nil. Wrappers named sccache or ccache, and whatever
  /// links to them, are passed over, so that a masquerade earlier in PATH is never taken for the
  /// compiler; so is a program that called the wrapper back, if there is another one.
  static func find(_ name: String, directory: String, environment: RequestEnvironment) -> String? {
    if name.utf8.contains(UInt8(ascii: "/")) {
      let path = Path.absolute(name, in: directory)
      guard let stamp = program(path) else { return nil }
      guard isWrapper(path, stamp) else { return path }
      return search(Path.name(of: name), directory, environment)
    }
    return search(name, directory, environment)
  }

  private static func search(
    _ name: String, _ directory: String, _ environment: RequestEnvironment
  ) -> String? {
    guard let path = environment.value("PATH") else { return nil }
    let outer = environment.runningPrograms
    var caller: String?
    for candidate in SearchPaths.shared.candidates(name, path: path, directory: directory) {
      guard let stamp = program(candidate), !isWrapper(candidate, stamp) else { continue }
      if !outer.contains(candidate) { return candidate }
      caller = caller ?? candidate
    }
    return outer.count < nestingLimit ? caller : nil
  }

  /// The stamp of what would be executed; nil when nothing would.
  private static func program(_ path: String) -> FileStamp? {
    guard let stamp = FileStamp(path: path), stamp.isRegular, stamp.isExecutable else { return nil }
    return stamp
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

/// What PATH makes of a name, taken apart once: a build asks the same thousands of times.
private final class SearchPaths: Sendable {
  static let shared = SearchPaths()

  private struct Question: Hashable {
    var name: ExactText
    var path: ExactText
  }

  private let known = Mutex<[Question: [String]]>([:])
  private static let limit = 256

  /// The absolute paths at which to look, in order, each once.
  func candidates(_ name: String, path: String, directory: String) -> [String] {
    let question = Question(name: ExactText(name), path: ExactText(path))
    if let found = known.withLock({ $0[question] }) { return found }
    let parts = path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var seen: Set<ExactText> = []
    let found = parts.map { Path.absolute(Path.join($0.isEmpty ? "." : $0, name), in: directory) }
      .filter { seen.insert(ExactText($0)).inserted }
    // A PATH with relative parts is rare enough to be taken apart each time.
    if parts.allSatisfy({ $0.hasPrefix("/") }) {
      known.withLock { known in
        if known.count >= Self.limit { known.removeAll() }
        known[question] = found
      }
    }
    return found
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
