package import Farm
import Glibc
package import Platform
import Synchronization

/// The toolchains of a build server, each unpacked once into a directory that all its jobs share. A
/// tree appears by a rename when its archive's id has been verified over every byte; one that a job
/// uses is never removed.
package final class ToolchainTrees: Sendable {
  private struct Tree {
    var bytes: Int
    var users = 0
    /// Larger for a later use.
    var used: UInt64
  }

  private struct State {
    var trees: [ArchiveID: Tree] = [:]
    var turn: UInt64 = 0
    var bytes = 0
  }

  /// The directory that holds the trees, each named by its id.
  package let directory: String
  private let limit: Int
  private let state = Mutex(State())
  private let sequence = Atomic<Int>(0)
  private static let unfinished = "unfinished-"
  private static let removed = "removed-"

  /// Takes over what an earlier server left, and removes what it had not finished.
  ///
  /// - Parameter limit: bytes of all trees together.
  package init(directory: String, limit: Int) throws(WorkerFailure) {
    self.directory = directory
    self.limit = limit
    do throws(SystemError) {
      try Files.makeDirectories(directory, mode: 0o711)
    } catch {
      throw WorkerFailure("\(error)")
    }
    let names = Set(Files.names(in: directory) ?? [])
    for name in names {
      if let id = ArchiveID(name) {
        takeOver(id)
      } else if name.hasPrefix(Self.unfinished) || name.hasPrefix(Self.removed)
        || name.hasSuffix(".bytes") && !names.contains(String(name.dropLast(6)))
      {
        Self.remove("\(directory)/\(name)")
      }
    }
    // The limit may have become smaller.
    makeRoom(0)
  }

  /// Keeps the tree of an earlier server, if its size was written down.
  private func takeOver(_ id: ArchiveID) {
    guard let bytes = Self.recordedBytes("\(directory)/\(id).bytes") else {
      Self.remove("\(directory)/\(id)")
      unlink("\(directory)/\(id).bytes")
      return
    }
    state.withLock { state in
      state.turn += 1
      state.bytes += bytes
      state.trees[id] = Tree(bytes: bytes, used: state.turn)
    }
  }

  private static func recordedBytes(_ path: String) -> Int? {
    guard let text = try? Files.read(path, limit: 32) else { return nil }
    return Int(String(decoding: text, as: UTF8.self))
  }

  package func has(_ id: ArchiveID) -> Bool { state.withLock { $0.trees[id] != nil } }

  /// The trees, those used last first.
  package var all: [ArchiveID] {
    state.withLock { $0.trees.sorted { $0.value.used > $1.value.used }.map(\.key) }
  }

  /// Keeps the tree from being removed until `release`; false when it is not there.
  package func use(_ id: ArchiveID) -> Bool {
    state.withLock { state in
      guard state.trees[id] != nil else { return false }
      state.turn += 1
      state.trees[id]?.users += 1
      state.trees[id]?.used = state.turn
      return true
    }
  }

  package func release(_ id: ArchiveID) {
    state.withLock { $0.trees[id]?.users -= 1 }
    makeRoom(0)
  }

  /// Unpacks a verified archive. Several callers may do so for one toolchain at once: one tree stays.
  package func add(
    _ id: ArchiveID, archive: borrowing Descriptor, runner: some JobRunner
  ) throws(WorkerFailure) {
    if has(id) { return }
    let number = sequence.wrappingAdd(1, ordering: .relaxed).newValue
    let place = "\(directory)/\(Self.unfinished)\(number)"
    guard mkdir(place, 0o755) == 0 else {
      throw WorkerFailure("\(place) can't be made: \(String(cString: strerror(errno)))")
    }
    var isKept = false
    defer { if !isKept { Self.remove(place) } }
    let bytes = try runner.unpack(archive, into: place)
    guard bytes <= limit else {
      throw WorkerFailure("the toolchain takes \(bytes) bytes, more than all may take (\(limit))")
    }
    makeRoom(bytes)
    do throws(SystemError) {
      try Files.write(
        Array("\(bytes)".utf8), to: "\(directory)/\(id).bytes", temporary: "\(place).bytes",
        mode: 0o600)
    } catch {
      throw WorkerFailure("\(error)")
    }
    isKept = state.withLock { state in
      // Somebody else was quicker: then the name is taken.
      guard state.trees[id] == nil, rename(place, "\(directory)/\(id)") == 0 else { return false }
      state.turn += 1
      state.bytes += bytes
      state.trees[id] = Tree(bytes: bytes, used: state.turn)
      return true
    }
    if !isKept, !has(id) { throw WorkerFailure("the toolchain's tree can't be put in its place") }
  }

  /// Removes the trees used longest ago until `bytes` more fit, or only those in use are left.
  private func makeRoom(_ bytes: Int) {
    while let place = evictOne(bytes) { Self.remove(place) }
  }

  private func evictOne(_ bytes: Int) -> String? {
    state.withLock { state in
      guard state.bytes + bytes > limit,
        let oldest = state.trees.filter({ $0.value.users == 0 })
          .min(by: { $0.value.used < $1.value.used })
      else { return nil }
      let place =
        "\(directory)/\(Self.removed)\(sequence.wrappingAdd(1, ordering: .relaxed).newValue)"
      unlink("\(directory)/\(oldest.key).bytes")
      guard rename("\(directory)/\(oldest.key)", place) == 0 else { return nil }
      state.trees[oldest.key] = nil
      state.bytes -= oldest.value.bytes
      return place
    }
  }

  private static func remove(_ path: String) {
    _ = try? Spawn.run("/bin/rm", ["-rf", "--", path], environment: [], directory: "/")
  }
}
