// Shared as source with the runner; see ExtractionFailure.swift.
import CPosix
import CSandbox

/// Writes entries of an archive beneath a directory. Every name is opened without following a symbolic
/// link, nothing that is there is opened for writing or replaced, owners, times and special mode bits are
/// not taken.
struct TreeWriter: ~Copyable {
  /// The directory that everything goes beneath.
  let root: Int32
  let limits: ExtractionLimits
  /// For inputs of a job: the toolchain, whose links the directory part of a name follows.
  let resolution: Resolution?
  /// Who owns what is made; nil is this process's user.
  let owner: (user: UInt32, group: UInt32)?

  /// The directory of the last entry, which is most often that of the next.
  private var parent: (components: [[UInt8]], descriptor: Int32)?

  init(
    root: Int32, limits: ExtractionLimits, resolution: Resolution? = nil,
    owner: (user: UInt32, group: UInt32)? = nil
  ) {
    self.root = root
    self.limits = limits
    self.resolution = resolution
    self.owner = owner
  }

  deinit {
    if let parent { close(parent.descriptor) }
  }

  /// Makes a directory and those above it; one that exists already is fine. The root itself is too.
  mutating func makeDirectory(_ components: [[UInt8]]) throws(ExtractionFailure) {
    _ = try directory(try resolved(components))
  }

  /// Makes an empty file for writing; the caller closes it.
  mutating func makeFile(
    _ components: [[UInt8]], isExecutable: Bool
  ) throws(ExtractionFailure) -> Int32 {
    let (directory, name) = try place(components)
    let mode: UInt32 = isExecutable ? 0o755 : 0o644
    let file = csandbox_open_strictly(
      directory, terminated(name), O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard file >= 0 else { throw failure(components) }
    // Set apart from creation: whatever the umask is.
    guard own(file), fchmod(file, mode) == 0 else {
      let failure = failure(components)
      close(file)
      throw failure
    }
    return file
  }

  /// Makes a symbolic link. Its target is data, whatever it says.
  mutating func makeLink(
    _ components: [[UInt8]], target: [UInt8]
  ) throws(ExtractionFailure) {
    guard !target.isEmpty, target.count < 4096, !target.contains(0) else {
      throw ExtractionFailure(.target, EntryPath.joined(components))
    }
    let (directory, name) = try place(components)
    let made = symlinkat(terminated(target), directory, terminated(name))
    guard made == 0 else { throw failure(components) }
    if let owner {
      guard fchownat(directory, terminated(name), owner.user, owner.group, 0x100) == 0 else {
        throw failure(components)
      }
    }
  }

  /// Makes a second name for a file that this archive made earlier.
  mutating func makeHardLink(
    _ components: [[UInt8]], to earlier: [[UInt8]]
  ) throws(ExtractionFailure) {
    guard let earlierName = earlier.last else { throw ExtractionFailure(.link) }
    let source = csandbox_open_strictly(
      root, terminated(EntryPath.joined(earlier.dropLast())),
      csandbox_flag_path() | csandbox_flag_directory(), 0)
    guard source >= 0 else { throw ExtractionFailure(.link, EntryPath.joined(components)) }
    defer { close(source) }
    var status = stat()
    guard fstatat(source, terminated(earlierName), &status, 0x100) == 0,
      status.st_mode & 0o170000 == 0o100000
    else { throw ExtractionFailure(.link, EntryPath.joined(components)) }
    let (directory, name) = try place(components)
    guard linkat(source, terminated(earlierName), directory, terminated(name), 0) == 0 else {
      throw failure(components)
    }
  }

  /// The open directory that an entry goes to, and its name there.
  private mutating func place(
    _ components: [[UInt8]]
  ) throws(ExtractionFailure) -> (directory: Int32, name: [UInt8]) {
    guard let name = components.last else { throw ExtractionFailure(.name) }
    return (try directory(try resolved(Array(components.dropLast()))), name)
  }

  private func resolved(_ components: [[UInt8]]) throws(ExtractionFailure) -> [[UInt8]] {
    guard let resolution else { return components }
    return try resolution.resolve(components, limits: limits)
  }

  /// Opens a directory, made where it is missing.
  private mutating func directory(_ components: [[UInt8]]) throws(ExtractionFailure) -> Int32 {
    if let parent, parent.components == components { return parent.descriptor }
    let path = csandbox_flag_path() | csandbox_flag_directory()
    var current = csandbox_open_strictly(root, terminated(EntryPath.joined(components)), path, 0)
    if current < 0, cposix_errno() == ENOENT { current = try makeAll(components) }
    guard current >= 0 else { throw failure(components) }
    if let parent { close(parent.descriptor) }
    parent = (components, current)
    return current
  }

  private func makeAll(_ components: [[UInt8]]) throws(ExtractionFailure) -> Int32 {
    let path = csandbox_flag_path() | csandbox_flag_directory()
    var current = csandbox_open_strictly(root, [46, 0], path, 0)
    for component in components where current >= 0 {
      let name = terminated(component)
      var next = csandbox_open_strictly(current, name, path, 0)
      if next < 0, cposix_errno() == ENOENT {
        guard mkdirat(current, name, 0o755) == 0 else {
          let failure = failure(components)
          close(current)
          throw failure
        }
        next = csandbox_open_strictly(current, name, path, 0)
        guard next < 0 || ownDirectory(current, name) else {
          let failure = failure(components)
          close(next)
          close(current)
          throw failure
        }
      }
      let code = cposix_errno()
      close(current)
      guard next >= 0 else { throw failure(components, code: code) }
      current = next
    }
    return current
  }

  private func own(_ file: Int32) -> Bool {
    guard let owner else { return true }
    return fchown(file, owner.user, owner.group) == 0
  }

  /// The directory was made a moment ago and nobody else works in the tree: the name is still it.
  private func ownDirectory(_ directory: Int32, _ name: [CChar]) -> Bool {
    guard fchmodat(directory, name, 0o755, 0) == 0 else { return false }
    guard let owner else { return true }
    return fchownat(directory, name, owner.user, owner.group, 0x100) == 0
  }

  private func failure(_ components: [[UInt8]], code: Int32? = nil) -> ExtractionFailure {
    let code = code ?? cposix_errno()
    let name = EntryPath.joined(components)
    return switch code {
    case EEXIST: ExtractionFailure(.duplicate, name)
    case ELOOP, ENOTDIR, EXDEV: ExtractionFailure(.trailing, name)
    case ENOSPC, EDQUOT: ExtractionFailure(.bytes, name, code: code)
    default: ExtractionFailure(.system, name, code: code)
    }
  }
}
