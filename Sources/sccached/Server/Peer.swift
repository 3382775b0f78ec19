import CPosix
import Glibc
import Platform
import Wire

/// Who is at the other end, and whether its paths mean the same files as ours.
enum Peer {
  /// Our own view of the file system, to compare with.
  struct Home: Sendable {
    var root: RootDirectory
    var namespace: FileStamp?

    init() {
      root = RootDirectory(mount: 0, device: 0, inode: 0)
      cposix_root_directory(&root.mount, &root.device, &root.inode)
      namespace = FileStamp(path: "/proc/self/ns/mnt")
    }

    /// Whether the caller's paths are ours. A wrapper that lies about its root misleads its own user
    /// only. Where the kernel tells no mounts, the namespace of the process at the other end of a
    /// Unix socket is compared instead.
    func sees(_ other: RootDirectory, peer descriptor: Int32) -> Bool {
      guard other == root, root.inode != 0 else { return false }
      if root.mount != 0 { return true }
      var peer = cposix_credentials()
      // A process of another pid namespace shows as 0.
      guard cposix_peer_credentials(descriptor, &peer) == 0, peer.pid > 0, let namespace,
        let theirs = FileStamp(path: "/proc/\(peer.pid)/ns/mnt")
      else { return false }
      return namespace.device == theirs.device && namespace.inode == theirs.inode
    }
  }

  /// Whether the process at the other end of a Unix socket is of our user.
  static func isOurs(_ descriptor: Int32) -> Bool {
    var peer = cposix_credentials()
    return cposix_peer_credentials(descriptor, &peer) == 0 && peer.uid == geteuid()
  }

  /// TCP tells no credentials: the kernel's table of sockets says whose the other end is.
  static func isOurs(peerPort: UInt16, ownPort: UInt16) -> Bool {
    guard let table = try? Files.read("/proc/net/tcp") else { return false }
    let user = String(geteuid())
    for line in table.split(separator: UInt8(ascii: "\n")).dropFirst() {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count > 7, port(fields[1]) == peerPort, port(fields[2]) == ownPort else {
        continue
      }
      return fields[7].elementsEqual(user.utf8)
    }
    return false
  }

  private static func port(_ field: ArraySlice<UInt8>) -> UInt16? {
    guard let colon = field.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    return UInt16(String(decoding: field[(colon + 1)...], as: UTF8.self), radix: 16)
  }
}
