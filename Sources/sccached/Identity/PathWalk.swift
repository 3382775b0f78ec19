import Glibc
import Platform
import Synchronization

/// One walk through the directories of a caller's PATH, which answers for several names: a call asks
/// for its compiler, and then whether the compiler's assembler is still the one found first.
///
/// Each directory is looked at once for the whole walk, so a walk says what was there while it was
/// young. It is for one thread, and for what follows without waiting.
final class PathWalk {
  private let path: PathVariable?
  /// What each directory was at its first look.
  private var looks: [DirectoryRecord.Look?]
  /// The programs found, as they were then.
  private var found: [(path: String, stamp: FileStamp)] = []

  init(_ environment: RequestEnvironment, directory: String) {
    path = environment.value("PATH").map { PathVariable.of($0, directory: directory) }
    looks = Array(repeating: nil, count: path?.directories.count ?? 0)
  }

  /// The stamp of what has that path; from earlier in this walk if it was met there.
  func stamp(of path: String) -> FileStamp? {
    if let met = found.first(where: { ExactText($0.path) == ExactText(path) }) { return met.stamp }
    return FileStamp(path: path)
  }

  /// The paths with that name that can be executed, in PATH's order, until `take` returns true.
  func programs(_ name: String, until take: (String, FileStamp) -> Bool) {
    guard let path else { return }
    let exact = ExactText(name)
    for (index, directory) in path.directories.enumerated() {
      let look = looks[index] ?? directory.look()
      looks[index] = look
      if directory.lacks(exact, at: look) { continue }
      let candidate = Path.join(directory.path, name)
      guard let stamp = FileStamp(path: candidate), stamp.isProgram else { continue }
      if take(candidate, stamp) {
        found.append((candidate, stamp))
        return
      }
    }
  }
}

/// What PATH lists, taken apart once: a build says the same thousands of times.
private final class PathVariable: Sendable {
  /// In order, each once.
  let directories: [DirectoryRecord]

  private init(directories: [DirectoryRecord]) {
    self.directories = directories
  }

  private static let records = DirectoryRecords()
  private static let known = Mutex<[ExactText: PathVariable]>([:])
  private static let limit = 256

  static func of(_ path: String, directory: String) -> PathVariable {
    let question = ExactText(path)
    if let found = known.withLock({ $0[question] }) { return found }
    let parts = path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var seen: Set<ExactText> = []
    let found = PathVariable(
      directories: parts.map { $0.isEmpty ? directory : Path.absolute($0, in: directory) }
        .filter { seen.insert(ExactText($0)).inserted }.map(records.record))
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
