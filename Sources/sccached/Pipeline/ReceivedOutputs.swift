import CacheKey
import Compilers
import Glibc
import Platform
import Storage

/// Outputs that are unpacked while their entry comes from a remote store, in the directories that they are for:
/// files without names where that is possible, so that a daemon that dies leaves none.
final class ReceivedOutputs<Work: CacheableWork>: MemberReceiver {
  private let cacheable: Work
  /// Outputs are made links of what the cache has.
  private let hasLinks: Bool
  private var files: [String: Received] = [:]

  private struct Received {
    let file: TemporaryFile
    /// Nil: it has no name.
    let path: String?
  }

  init(_ cacheable: Work, hasLinks: Bool) {
    self.cacheable = cacheable
    self.hasLinks = hasLinks
  }

  func file(for member: EntryHead.Member, of head: EntryHead) -> TemporaryFile? {
    guard !hasLinks, head.member(member.name) == member, cacheable.isServed(by: head),
      !cacheable.textMembers.contains(member.name),
      let output = cacheable.outputs.first(where: { $0.name == member.name })
    else { return nil }
    let directory = Path.directory(of: cacheable.absolute(output.path))
    guard let new = Self.open(in: directory, mode: cacheable.mode(of: output), size: member.size)
    else { return nil }
    files[member.name] = new
    return new.file
  }

  func discard() {
    for case let path? in files.values.map(\.path) { unlink(path) }
    files = [:]
  }

  /// Gives an output a name in its directory; false when it was not received.
  func name(_ member: String, _ name: String) throws(StoreError) -> Bool {
    guard let received = files[member] else { return false }
    do throws(SystemError) {
      if let path = received.path {
        try Files.rename(path, name)
      } else {
        try Files.name(received.file.descriptor, name)
      }
    } catch {
      throw .system(error)
    }
    files[member] = nil
    return true
  }

  /// A new file, and its name, if it has one: without /proc, and in some file systems, there are no others.
  private static func open(in directory: String, mode: UInt32, size: Int) -> Received? {
    if access("/proc/self/fd", X_OK) == 0,
      let file = try? Files.openNameless(in: directory, mode: mode)
    {
      return Received(file: TemporaryFile(descriptor: file, size: size), path: nil)
    }
    let path = temporaryOutput(in: directory)
    guard
      let file = try? Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
    else { return nil }
    return Received(file: TemporaryFile(descriptor: file, size: size), path: path)
  }
}

extension CacheableWork {
  /// The mode that a compiler would have given: the daemon's own umask is 0.
  var outputMode: UInt32 { 0o666 & ~call.umask }

  func mode(of output: Output) -> UInt32 {
    outputMode | (output.isExecutable ? 0o111 & ~call.umask : 0)
  }

  /// Whether an entry has what this call needs.
  func isServed(by head: EntryHead) -> Bool {
    if head.member(MemberName.standardError) != nil || head.member(MemberName.standardOutput) != nil
    {
      guard head.presentation == presentation.locale, head.isColoured == presentation.isColoured
      else { return false }
    }
    return outputs.allSatisfy { !$0.isRequired || head.member($0.name) != nil }
  }
}
