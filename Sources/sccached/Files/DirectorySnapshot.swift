import CacheKey
import Platform

/// The names in some directories from right before a compiler was started: what a directory had and
/// lacked then can't be seen in it any more when the build changed it meanwhile.
///
/// Outputs that appear in a directory are no reason for doubt, so it is single names that are asked for.
struct DirectorySnapshot: Sendable {
  private struct Seen: Sendable {
    /// Nil when nothing was there.
    var stamp: FileStamp?
    /// Nil when it could not be listed.
    var names: Set<ExactText>?
  }

  private let startStamp: Int64
  private let records: DirectoryRecords
  private var seen: [ExactText: Seen] = [:]

  /// - Parameter startStamp: before the compiler's start (see `Clock.coarse`).
  init(startStamp: Int64, records: DirectoryRecords) {
    self.startStamp = startStamp
    self.records = records
  }

  /// Notes what is in the directory (absolute) and says whether it is one.
  @discardableResult
  mutating func watch(_ directory: String) -> Bool {
    let key = ExactText.plain(directory)
    if let known = seen[key] { return known.stamp != nil }
    let listed = records.record(directory).listing()
    let stamp = listed?.stamp ?? FileStamp(path: directory)
    seen[key] = Seen(stamp: stamp, names: listed?.names)
    return stamp?.isDirectory ?? false
  }

  /// Watches the directories on the way from this one to the file.
  mutating func watchParents(of name: String, in directory: String) {
    var current = directory
    for part in name.split(separator: "/").dropLast() where part != "." {
      let component = String(part)
      if component != "..", let names = seen[ExactText.plain(current)]?.names,
        !names.contains(ExactText(component))
      {
        return
      }
      current = Path.join(current, component)
      guard watch(current) else { return }
    }
  }

  /// Whether what is absent and present in the directory now was so at the start.
  func confirms(_ names: ExpectedNames, in directory: String) -> Bool {
    let now = FileStamp(path: directory)
    let then = seen[ExactText.plain(directory)]
    if let then, then.stamp?.inode != now?.inode || then.stamp?.device != now?.device {
      // Another directory than then, or none.
      return names.present.isEmpty && then.stamp == nil
    }
    if now?.isSettled(at: startStamp) ?? (then != nil) {
      return names.present.allSatisfy { wasThere($0, in: directory, then) }
    }
    guard names.absent.isEmpty || then?.names != nil else { return false }
    return !names.absent.contains { then?.names?.contains(ExactText($0)) ?? false }
      && names.present.allSatisfy { wasThere($0, in: directory, then) }
  }

  private func wasThere(_ name: String, in directory: String, _ then: Seen?) -> Bool {
    let path = directory + "/" + name
    guard let link = FileStamp.ofLink(path: path), let file = FileStamp(path: path) else {
      return false
    }
    let isOld = link.isSettled(at: startStamp) && file.isSettled(at: startStamp)
    // Written anew, but there.
    guard isOld || !link.isLink && then?.names?.contains(ExactText(name)) ?? false else {
      return false
    }
    var current = directory
    for part in name.split(separator: "/").dropLast() {
      current += "/" + part
      guard let stamp = FileStamp.ofLink(path: current), stayed(stamp) else { return false }
    }
    // That the directory still is the one of then is known for those that are watched.
    return then != nil || FileStamp.ofLink(path: directory).map(stayed) ?? false
  }

  /// Whether a directory on the way to a file that is old has been there for as long: a new name in it
  /// sets both of its times, moving it sets one.
  private func stayed(_ stamp: FileStamp) -> Bool {
    stamp.isSettled(at: startStamp) || stamp.isDirectory && stamp.modified == stamp.changed
  }
}
