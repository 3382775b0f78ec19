import Glibc
import Platform

/// Files of this machine, and of each path all that leads to it: directories, and symbolic links
/// as such. A path that works here then works in the unpacked tree, whether it goes through `/lib`
/// (`usr/lib` on a merged system), `/etc/alternatives`, or `bin/../lib`.
struct ToolchainTree {
  private var kinds: [ExactText: ToolchainEntry.Kind] = [:]

  /// As many as the kernel follows.
  private static let linkLimit = 40
  /// Of directories in directories; deeper than any compiler's headers.
  private static let depthLimit = 32

  /// Directories, then files, then links, each sorted by the bytes of their paths: whoever unpacks
  /// in this order never writes through a link.
  var entries: [ToolchainEntry] {
    kinds.map { ToolchainEntry(path: $0.key.text, kind: $0.value) }
      .sorted { left, right in
        left.kind.rank != right.kind.rank
          ? left.kind.rank < right.kind.rank
          : left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
      }
  }

  func kind(of path: String) -> ToolchainEntry.Kind? { kinds[ExactText(path)] }

  /// The directories that hold shared libraries.
  var libraryDirectories: Set<String> {
    Set(
      kinds.filter { $0.value != .directory && $0.key.text.contains(".so") }
        .map { Path.directory(of: $0.key.text) })
  }

  /// The path without links, by the same rules.
  static func realPath(_ path: String) throws(ToolchainError) -> String {
    var scratch = ToolchainTree()
    return try scratch.add(path)
  }

  /// Adds the file or directory itself and everything on the way; returns its path without links.
  @discardableResult
  mutating func add(_ path: String) throws(ToolchainError) -> String {
    var place: [String] = []
    var pending = Array(Self.components(path).reversed())
    var links = 0
    while let name = pending.popLast() {
      if name == ".." {
        _ = place.popLast()
        continue
      }
      let here = "/" + (place + [name]).joined(separator: "/")
      guard let stamp = FileStamp.ofLink(path: here) else {
        throw .system(SystemError("look at", here))
      }
      if stamp.isLink {
        links += 1
        guard links <= Self.linkLimit else {
          throw .unusablePath(path: path, reason: "it goes through too many symbolic links")
        }
        let target = try Self.readLink(here)
        kinds[ExactText(here)] = .link(target)
        if target.utf8.first == UInt8(ascii: "/") { place = [] }
        pending += Self.components(target).reversed()
        continue
      }
      if stamp.isDirectory {
        kinds[ExactText(here)] = .directory
      } else if stamp.isRegular, pending.isEmpty {
        kinds[ExactText(here)] = .file(stamp)
      } else {
        throw .unusablePath(path: path, reason: "\(here) is neither a file nor a directory")
      }
      place.append(name)
    }
    return "/" + place.joined(separator: "/")
  }

  /// Adds a directory with all that is in it, and what links in it lead to.
  mutating func addAll(of directory: String) throws(ToolchainError) {
    var visited: Set<String> = []
    try addAll(of: try add(directory), depth: 0, visited: &visited)
  }

  private mutating func addAll(
    of directory: String, depth: Int, visited: inout Set<String>
  ) throws(ToolchainError) {
    guard visited.insert(directory).inserted else { return }
    guard depth < Self.depthLimit else {
      throw .unusablePath(path: directory, reason: "directories are nested too deeply")
    }
    guard let names = Files.names(in: directory) else {
      throw .system(SystemError("read directory", directory))
    }
    for name in names {
      let path = Path.join(directory, name)
      // Sockets, pipes and links that lead nowhere are no part of a compiler.
      guard let stamp = FileStamp(path: path), stamp.isRegular || stamp.isDirectory else {
        continue
      }
      let real = try add(path)
      if stamp.isDirectory { try addAll(of: real, depth: depth + 1, visited: &visited) }
    }
  }

  /// A directory that need not exist here.
  mutating func addEmptyDirectory(_ path: String) {
    if kinds[ExactText(path)] == nil { kinds[ExactText(path)] = .directory }
  }

  /// A link that does not exist here. False when something else has its place.
  mutating func addLink(at path: String, to target: String) -> Bool {
    let new = ToolchainEntry.Kind.link(target, isAdded: true)
    let old = kinds[ExactText(path)]
    guard old == nil || old == new else { return false }
    kinds[ExactText(path)] = new
    return true
  }

  /// Of a path: without empty ones and `.`, which mean nothing.
  private static func components(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }

  static func readLink(_ path: String) throws(ToolchainError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else { throw .system(SystemError("read link", path)) }
    let bytes = buffer[..<count].map { UInt8(bitPattern: $0) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unusablePath(path: path, reason: "its target is not UTF-8")
    }
    return text
  }
}

extension ToolchainEntry.Kind {
  fileprivate var rank: Int {
    switch self {
    case .directory: 0
    case .file: 1
    case .link: 2
    }
  }
}
