import CacheKey
import Platform

/// The directories in which a linker looks for libraries and start files, in order.
struct LinkSearch {
  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64

    init?(_ directory: String) {
      guard let stamp = FileStamp(path: directory), stamp.isDirectory else { return nil }
      device = stamp.device
      inode = stamp.inode
    }
  }

  /// Names that are not in a directory.
  struct Absence: Equatable {
    var directory: String
    var names: [String]
  }

  private let directories: [String]
  /// By what a directory is, not by how it is spelt: linkers name files through `..`, and systems have one
  /// directory under several names.
  private let positions: [Identity: Int]

  /// - Parameter directories: absolute.
  init(_ directories: [String]) {
    var seen: Set<Identity> = []
    var positions: [Identity: Int] = [:]
    var kept: [String] = []
    for directory in directories {
      if let identity = Identity(directory) {
        guard seen.insert(identity).inserted else { continue }
        positions[identity] = kept.count
      } else if kept.contains(directory) {
        continue
      }
      kept.append(directory)
    }
    self.directories = kept
    self.positions = positions
  }

  /// Names whose appearing would have the linker read another file than one of these: the file's own, and
  /// those of a library of the other kind, in each directory that is searched before it is found.
  func absences(finding files: [String]) -> [Absence] {
    var names: [Set<String>] = Array(repeating: [], count: directories.count)
    for path in files {
      let name = Path.name(of: path)
      guard let searched = Self.searchedNames(name) else { continue }
      let position = Identity(Path.directory(of: path)).flatMap { positions[$0] }
      for index in directories.indices {
        if let position, index > position { break }
        names[index].formUnion(searched)
      }
    }
    var found: [Absence] = []
    for (directory, names) in zip(directories, names) where !names.isEmpty {
      found.append(absence(of: names, in: directory))
    }
    return found
  }

  /// Nil for files that are named by their paths.
  private static func searchedNames(_ name: String) -> Set<String>? {
    if name.hasSuffix(".rlib") || name.hasSuffix(".rmeta") { return nil }
    if name.hasSuffix(".o") { return [name] }
    guard name.hasSuffix(".a") || name.hasSuffix(".so") || name.contains(".so.") else { return nil }
    guard name.hasPrefix("lib"), let dot = name.firstIndex(of: ".") else { return [name] }
    return [name, "\(name[..<dot]).so", "\(name[..<dot]).a"]
  }

  /// A directory that is not there must not come either.
  private func absence(of names: Set<String>, in directory: String) -> Absence {
    var place = directory
    while FileStamp(path: place) == nil {
      let parent = Path.directory(of: place)
      guard parent != place else { break }
      if FileStamp(path: parent) != nil {
        return Absence(directory: parent, names: [Path.name(of: place)])
      }
      place = parent
    }
    return Absence(
      directory: directory,
      names: names.sorted().filter { FileStamp.ofLink(path: Path.join(directory, $0)) == nil })
  }
}
