import CacheKey
import Platform
import Synchronization

/// What the daemon remembers of a directory: the names in it, and a number that rises whenever its
/// content may have changed.
final class DirectoryRecord: Sendable {
  /// Absolute.
  let path: String
  private let state = Mutex<State>(State())

  private struct State {
    var stamp: FileStamp?
    var generation = 0
    var isMissing = false
    /// Kept only while compilations are stored; a hit asks for single names.
    var names: Set<ExactText>?
    /// Names that were looked for and are not in it: many sources look for the same ones.
    var absent: Set<ExactText> = []
  }

  /// Of so many names it is remembered that a directory lacks them.
  private static let rememberedNames = 20_000

  init(path: String) {
    self.path = path
  }

  /// The number of the directory's present state; equal numbers mean that no name came or went.
  func generation() -> Int {
    let looked = Clock.coarse
    let stamp = FileStamp(path: path)
    return state.withLock { state in
      if let stamp, stamp == state.stamp { return state.generation }
      state.generation += 1
      state.names = nil
      state.absent = []
      state.isMissing = stamp == nil
      // An unsettled stamp could stay the same through one more change.
      state.stamp = stamp.flatMap { $0.isSettled(at: looked) ? $0 : nil }
      return state.generation
    }
  }

  /// What a directory was at one moment.
  enum Look {
    case missing
    /// The number of its state, which tells any later change.
    case settled(generation: Int)
    /// It has changed just now: its stamp tells nothing.
    case unsettled
  }

  func look() -> Look {
    let looked = generation()
    return state.withLock { state in
      guard state.generation == looked, state.stamp != nil else {
        return state.isMissing ? .missing : .unsettled
      }
      return .settled(generation: looked)
    }
  }

  /// Whether it is certain that nothing had the name at that look.
  func lacks(_ name: ExactText, at look: Look) -> Bool {
    switch look {
    case .missing: true
    case .unsettled: false
    case .settled(let generation): names(at: generation).map { !$0.contains(name) } ?? false
    }
  }

  /// Whether it is a directory that has none of these names. They are looked for one by one, each once for
  /// a state of the directory.
  func lacksAll(_ names: [String], at generation: Int) -> Bool {
    let unknown: [String]? = state.withLock { state in
      guard state.generation == generation, let stamp = state.stamp, stamp.isDirectory else {
        return nil
      }
      return names.filter { !state.absent.contains(ExactText($0)) }
    }
    guard let unknown else { return exists && !names.contains(where: contains) }
    if unknown.isEmpty { return true }
    if unknown.contains(where: contains) { return false }
    // Only when nothing happened meanwhile.
    guard self.generation() == generation else { return true }
    state.withLock { state in
      guard state.generation == generation, state.stamp != nil else { return }
      if state.absent.count > Self.rememberedNames { state.absent = [] }
      state.absent.formUnion(unknown.map(ExactText.init))
    }
    return true
  }

  /// All names that the directory had in that state; nil when it has changed, or can't be listed.
  private func names(at generation: Int) -> Set<ExactText>? {
    let known = state.withLock { state in
      (state.generation == generation, state.names)
    }
    guard known.0 else { return nil }
    if let names = known.1 { return names }
    _ = listing()
    return state.withLock { $0.generation == generation ? $0.names : nil }
  }

  func presence(of name: String) -> AbsenceFinder.Presence {
    // One that changes all the time, as the build's own does, would be listed for every name.
    if case .settled(let generation) = look(), let names = names(at: generation) {
      return names.contains(ExactText(name)) ? kind(of: name) : .absent
    }
    // It may be searchable though it can't be listed.
    return exists ? kind(of: name) : .directoryMissing
  }

  /// Everything that is in it, with the stamp that it had before the look.
  func listing() -> (stamp: FileStamp, names: Set<ExactText>)? {
    let before = generation()
    let known = state.withLock { state -> (FileStamp, Set<ExactText>)? in
      guard state.generation == before, let stamp = state.stamp, let names = state.names else {
        return nil
      }
      return (stamp, names)
    }
    if let known { return known }
    guard let stamp = FileStamp(path: path), let listed = Files.names(in: path) else { return nil }
    let names = Set(listed.map(ExactText.init))
    state.withLock { state in
      if state.generation == before, state.stamp == stamp { state.names = names }
    }
    return (stamp, names)
  }

  private func kind(of name: String) -> AbsenceFinder.Presence {
    let path = path + "/" + name
    guard let stamp = FileStamp(path: path) else {
      return FileStamp.ofLink(path: path) == nil ? .absent : .dangling
    }
    return stamp.isDirectory ? .directory : .file
  }

  /// Whether it is there, and still a directory.
  var exists: Bool { FileStamp(path: path)?.isDirectory ?? false }

  /// Whether anything has that name.
  func contains(_ name: String) -> Bool {
    FileStamp.ofLink(path: path + "/" + name) != nil
  }

  /// Whether the name leads to a file; with a slash behind it, to a directory.
  func hasAsExpected(_ name: String) -> Bool {
    guard let stamp = FileStamp(path: path + "/" + name) else { return false }
    return stamp.isDirectory == (name.utf8.last == UInt8(ascii: "/"))
  }

  /// Names of the same directory give the same; nil when there is none.
  func identity() -> String? {
    FileStamp(path: path).map { "\($0.device)-\($0.inode)" }
  }

  /// Gives the names' memory back.
  func forgetNames() {
    state.withLock { state in
      state.names = nil
      state.absent = []
    }
  }
}

/// The records of all directories met, by absolute path; bounded like `FileRecords`.
final class DirectoryRecords: Sendable {
  private let records = Mutex<[ExactText: DirectoryRecord]>([:])
  private static let limit = 20_000

  func record(_ path: String) -> DirectoryRecord {
    records.withLock { records in
      let key = ExactText(path)
      if let record = records[key] { return record }
      if records.count >= Self.limit { records.removeAll() }
      let record = DirectoryRecord(path: path)
      records[key] = record
      return record
    }
  }

  /// Called when nothing is going on.
  func forgetNames() {
    let all = records.withLock { Array($0.values) }
    for record in all { record.forgetNames() }
  }
}
