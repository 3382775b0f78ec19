import CacheKey
import Compilers
import CPosix
import Glibc
import Platform
import Storage
import Synchronization
import Wire

/// Puts the members of an entry in place of the outputs of a compilation.
struct Restoration<Work: CacheableWork> {
  let cacheable: Work
  let store: LocalStore
  /// Outputs that were unpacked while the entry came.
  let received: ReceivedOutputs<Work>

  init(_ cacheable: Work, store: LocalStore) {
    self.cacheable = cacheable
    self.store = store
    received = ReceivedOutputs(cacheable, hasLinks: store.options.usesHardLinks)
  }

  /// A file written under a temporary name, waiting for its rename.
  private struct Pending {
    var temporary: String
    var target: String
    /// Written through whatever has the name already, as compilers write dependency files: a link stays
    /// one, and a mode what it was.
    var keepsFile = false
  }

  /// Nil when the entry has not what this call needs (another kind of dependency file, diagnostics
  /// that look different): that is a miss. Nothing appears unless everything can.
  func putBack(_ entry: borrowing StoredEntry) throws(StoreError) -> Outcome? {
    defer { received.discard() }
    guard cacheable.isServed(by: entry.head) else { return nil }
    var pending: [Pending] = []
    do throws(StoreError) {
      if let file = cacheable.dependencyFile {
        guard let bytes = try dependencyBytes(entry, file) else { return nil }
        var written = try write(bytes, to: file.path)
        written.keepsFile = true
        pending.append(written)
      }
      for output in cacheable.outputs(of: entry.head).reversed() {
        guard let member = entry.head.member(output.name) else { continue }
        if cacheable.textMembers.contains(output.name) {
          guard let text = cacheable.used(try entry.bytes(of: member), member: output.name) else {
            throw .damaged("a path in it has no place here")
          }
          pending.append(try write(text, to: output.path))
        } else {
          pending.append(try write(entry, member, to: output))
        }
      }
      for file in pending { try put(file) }
    } catch {
      for file in pending { unlink(file.temporary) }
      throw error
    }
    var outcome = Outcome(ending: Ending(exitCode: 0), notice: cacheable.call.noticeBytes)
    outcome.standardOutput = try printed(MemberName.standardOutput, entry)
    outcome.standardError = try printed(MemberName.standardError, entry)
    return outcome
  }

  private func printed(
    _ name: String, _ entry: borrowing StoredEntry
  ) throws(StoreError) -> [UInt8] {
    guard let member = entry.head.member(name) else { return [] }
    return cacheable.used(try entry.bytes(of: member), member: name) ?? []
  }

  /// The dependency file, written anew for this call's target and places.
  private func dependencyBytes(
    _ entry: borrowing StoredEntry, _ file: DependencyFile
  ) throws(StoreError) -> [UInt8]? {
    let name = file.omitsSystemHeaders ? MemberName.userDependencies : MemberName.allDependencies
    guard let member = entry.head.member(name) else { return nil }
    let text = String(decoding: try entry.bytes(of: member), as: UTF8.self)
    var prerequisites: [String] = []
    for line in text.split(separator: "\n") {
      guard let path = cacheable.places.used(String(line)) else { return nil }
      prerequisites.append(path)
    }
    return Array(cacheable.rendered(file, prerequisites).utf8)
  }

  // MARK: files

  private func write(_ bytes: [UInt8], to path: String) throws(StoreError) -> Pending {
    let pending = Self.pending(cacheable.absolute(path))
    do throws(SystemError) {
      let file = try create(pending)
      try file.write(bytes, path: pending.temporary)
    } catch {
      unlink(pending.temporary)
      throw .system(error)
    }
    return pending
  }

  private func write(
    _ entry: borrowing StoredEntry, _ member: EntryHead.Member, to output: Output
  ) throws(StoreError) -> Pending {
    let pending = Self.pending(cacheable.absolute(output.path))
    if try received.name(output.name, pending.temporary) { return pending }
    let mode = cacheable.mode(of: output)
    if store.link(entry, member, to: pending.temporary, mode: mode) { return pending }
    do throws(StoreError) {
      let file: Descriptor
      do throws(SystemError) { file = try create(pending, mode) } catch { throw .system(error) }
      try entry.copy(member, to: file, path: pending.temporary)
    } catch {
      unlink(pending.temporary)
      throw error
    }
    return pending
  }

  private static func pending(_ target: String) -> Pending {
    Pending(temporary: temporaryOutput(in: Path.directory(of: target)), target: target)
  }

  /// The mode that a compiler would have given: the daemon's own umask is 0.
  private func create(
    _ pending: Pending, _ mode: UInt32? = nil
  ) throws(SystemError) -> Descriptor {
    try Descriptor.open(
      pending.temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode ?? cacheable.outputMode)
  }

  private func put(_ pending: Pending) throws(StoreError) {
    do throws(SystemError) {
      if let old = FileStamp.ofLink(path: pending.target) {
        // A device is written to; a link is replaced, as compilers do.
        let leadsNowhere =
          old.isLink && cacheable.writesThroughDanglingLinks
          && FileStamp(path: pending.target) == nil
        guard (old.isRegular || old.isLink) && !pending.keepsFile && !leadsNowhere else {
          try overwrite(pending)
          return
        }
        // Renaming over a file makes ext4 write it out at once; a compiler unlinks first, too.
        unlink(pending.target)
      }
      try Files.rename(pending.temporary, pending.target)
    } catch {
      throw .system(error)
    }
  }

  private func overwrite(_ pending: Pending) throws(SystemError) {
    let source = try Descriptor.open(pending.temporary, O_RDONLY)
    let size = Int(try source.stamp(path: pending.temporary).size)
    let target = try Descriptor.open(
      pending.target, O_WRONLY | O_CREAT | O_TRUNC, mode: cacheable.outputMode)
    try Files.copy(from: source, at: 0, count: size, to: target, path: pending.target)
    unlink(pending.temporary)
  }
}

/// A new name for an output that is not in its place yet.
func temporaryOutput(in directory: String) -> String {
  let number = pendingFiles.wrappingAdd(1, ordering: .relaxed).newValue
  return "\(directory)/.sccache-\(getpid())-\(number)"
}

/// Numbers the temporary files.
private let pendingFiles = Atomic<Int>(0)

/// The members of an entry that are not outputs.
enum MemberName {
  static let standardOutput = "stdout"
  static let standardError = "stderr"
  /// The prerequisites of the dependency file, one a line, as `Places.stored` writes them.
  static let allDependencies = "deps"
  /// The same without headers of system directories.
  static let userDependencies = "deps-user"
}
