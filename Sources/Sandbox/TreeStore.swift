import CPosix
import CSandbox
import Glibc
package import Platform

/// The directory of unpacked toolchains. A tree appears under its name only when it is whole, and
/// disappears from there before anything of it is deleted; what a crash left in between is swept.
/// Who may use or evict a tree is decided elsewhere.
package struct TreeStore: Sendable {
  package let directory: String

  /// Prefix of what is not a tree yet, or no longer. A job can't name it.
  private static let partial = ".partial-"
  private static let gone = ".gone-"

  /// Makes the directory where it is missing, and removes what a crash left. Only one process may
  /// have it: `Host` holds the lock.
  package init(_ directory: String) throws(SystemError) {
    self.directory = directory
    try Files.makeDirectories(directory, mode: 0o755)
    for name in Files.names(in: directory) ?? []
    where name.hasPrefix(Self.partial) || name.hasPrefix(Self.gone) {
      Self.delete(directory + "/" + name)
    }
  }

  /// The names of the trees that are there.
  package var names: [String] {
    (Files.names(in: directory) ?? []).filter { !$0.hasPrefix(".") }
  }

  /// Unpacks an archive whose digest has been verified as the tree `name`. Throws what the archive was
  /// refused for; nothing is left of it then. `.duplicate` when there is such a tree.
  package func add(
    _ archive: borrowing Descriptor, packing: Extraction.Packing? = nil, as name: String,
    limits: ExtractionLimits = Extraction.toolchainLimits
  ) throws(ExtractionFailure) -> ExtractionSummary {
    guard Job.isToolchainName(name) else { throw ExtractionFailure(.name, Array(name.utf8)) }
    let place = directory + "/" + Self.partial + name
    guard mkdir(place, 0o755) == 0 else {
      throw ExtractionFailure(
        errno == EEXIST ? .duplicate : .system, Array(name.utf8), code: errno == EEXIST ? 0 : errno)
    }
    do throws(ExtractionFailure) {
      chmod(place, 0o755)
      let summary = try Extraction.unpack(archive, packing: packing, into: place, limits: limits)
      // Refuses a directory that has something in it, thus a tree of that name.
      guard rename(place, directory + "/" + name) == 0 else {
        throw ExtractionFailure(.duplicate, Array(name.utf8))
      }
      return summary
    } catch {
      Self.delete(place)
      throw error
    }
  }

  /// Removes a tree that no job uses and none will; false when there is none.
  package func remove(_ name: String) -> Bool {
    guard Job.isToolchainName(name) else { return false }
    let place = directory + "/" + Self.gone + name
    guard rename(directory + "/" + name, place) == 0 else { return false }
    Self.delete(place)
    return true
  }

  /// Deletes a tree without following a link. The extractor bounds how deep it can be.
  private static func delete(_ path: String) {
    let directory = cposix_open(path, O_CLOEXEC | O_DIRECTORY | csandbox_flag_nofollow(), 0)
    if directory >= 0 { empty(directory) }
    rmdir(path)
  }

  /// Takes the descriptor.
  private static func empty(_ directory: Int32) {
    guard let stream = fdopendir(directory) else {
      close(directory)
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return }
          if unlinkat(directory, name, 0) == 0 { return }
          let inner = cposix_openat(
            directory, name, O_CLOEXEC | O_DIRECTORY | csandbox_flag_nofollow(), 0)
          if inner >= 0 { empty(inner) }
          unlinkat(directory, name, AT_REMOVEDIR)
        }
      }
    }
  }
}

extension Job {
  /// Letters, digits, `-`, `.` and `_`, no leading dot: the name becomes a part of a mount option. The
  /// runner checks it again.
  package static func isToolchainName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 200 else {
      return false
    }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
      default: false
      }
    }
  }
}
