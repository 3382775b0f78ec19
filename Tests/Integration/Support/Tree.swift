import CPosix
import Glibc
import Platform

/// The files beneath a directory, to tell what a command wrote.
struct Tree {
  struct Node: Equatable {
    var mode: UInt32
    /// A link's target or a file's bytes; empty for a directory.
    var content: [UInt8]
    var isDirectory: Bool
    /// Tells whether a file was written anew.
    var inode: UInt
    var change: Int64
  }

  private(set) var nodes: [String: Node] = [:]

  init(_ directory: String) { read(directory, "") }

  private init(nodes: [String: Node]) { self.nodes = nodes }

  private mutating func read(_ directory: String, _ prefix: String) {
    for name in Files.names(in: directory) ?? [] {
      let path = directory + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      let kind = status.st_mode & S_IFMT
      var content: [UInt8] = []
      if kind == S_IFREG { content = (try? Files.read(path)) ?? [] }
      if kind == S_IFLNK {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
          readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), 4096)
        }
        content = Array(buffer.prefix(max(count, 0)))
      }
      nodes[prefix + name] = Node(
        mode: status.st_mode, content: content, isDirectory: kind == S_IFDIR, inode: status.st_ino,
        change: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
      if kind == S_IFDIR { read(path, prefix + name + "/") }
    }
  }

  /// What appeared or was written again since then; directories only when they appeared.
  func changes(since old: Tree) -> Tree {
    Tree(
      nodes: nodes.filter { name, node in
        guard let before = old.nodes[name] else { return true }
        return !node.isDirectory && before != node
      })
  }

  /// Says of each file in what it differs from what was wanted.
  func difference(from wanted: Tree, ignoring ignored: [String]) -> [String] {
    var found: [String] = []
    for name in Set(nodes.keys).union(wanted.nodes.keys).sorted() {
      let isIgnored = ignored.contains { name.hasSuffix($0) }
      guard let left = nodes[name] else {
        found.append("\(name) is missing")
        continue
      }
      guard let right = wanted.nodes[name] else {
        found.append("\(name) is too many")
        continue
      }
      if left.mode != right.mode {
        found.append(
          "\(name) has mode \(String(left.mode, radix: 8)), not \(String(right.mode, radix: 8))")
      }
      if !isIgnored, left.content != right.content {
        found.append(
          "\(name) differs: \(Self.show(left.content)) and not \(Self.show(right.content))")
      }
    }
    return found
  }

  private static func show(_ bytes: [UInt8]) -> String {
    guard bytes.count < 600, let text = String(validating: bytes, as: UTF8.self) else {
      return "\(bytes.count) bytes"
    }
    return "\"\(text)\""
  }

  /// Removes what is there now and was not then, and puts changed files back.
  func restore(_ directory: String) {
    for (name, node) in Tree(directory).nodes.sorted(by: { $0.key > $1.key }) {
      let path = directory + "/" + name
      guard let before = nodes[name] else {
        if node.isDirectory { rmdir(path) } else { unlink(path) }
        continue
      }
      if node.isDirectory || before == node { continue }
      unlink(path)
      if before.mode & S_IFMT == S_IFLNK {
        symlink(String(decoding: before.content, as: UTF8.self), path)
      } else {
        _ = try? Files.write(
          before.content, to: path, temporary: path + ".tmp", mode: before.mode & 0o777)
      }
    }
  }
}
