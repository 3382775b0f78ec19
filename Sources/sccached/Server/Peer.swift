import CPosix
import Glibc
import Platform

/// Who is at the other end, and whether its paths mean the same files as ours.
enum Peer {
  enum Judgement: Equatable {
    case trusted
    case otherUser
    /// Another mount namespace or root directory.
    case otherFiles
  }

  /// Our own namespace and root, to compare with.
  struct Home: Sendable {
    var namespace: FileStamp?
    var root: FileStamp?

    init() {
      namespace = FileStamp(path: "/proc/self/ns/mnt")
      root = FileStamp(path: "/proc/self/root/")
    }
  }

  static func judgeUnix(_ descriptor: Int32, home: Home) -> Judgement {
    var peer = cposix_credentials()
    guard cposix_peer_credentials(descriptor, &peer) == 0, peer.uid == geteuid() else {
      return .otherUser
    }
    // A process of another pid namespace shows as 0.
    guard peer.pid > 0, sees(peer.pid, "/ns/mnt", home.namespace),
      sees(peer.pid, "/root/", home.root)
    else { return .otherFiles }
    return .trusted
  }

  private static func sees(_ pid: Int32, _ name: String, _ own: FileStamp?) -> Bool {
    guard let own, let theirs = FileStamp(path: "/proc/\(pid)\(name)") else { return false }
    return own.device == theirs.device && own.inode == theirs.inode
  }

  /// TCP tells no credentials: the kernel's table of sockets says whose the other end is.
  static func judgeLoopback(peerPort: UInt16, ownPort: UInt16) -> Judgement {
    guard let table = try? Files.read("/proc/net/tcp") else { return .otherUser }
    let user = String(geteuid())
    for line in table.split(separator: UInt8(ascii: "\n")).dropFirst() {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count > 7, port(fields[1]) == peerPort, port(fields[2]) == ownPort else {
        continue
      }
      return fields[7].elementsEqual(user.utf8) ? .trusted : .otherUser
    }
    return .otherUser
  }

  private static func port(_ field: ArraySlice<UInt8>) -> UInt16? {
    guard let colon = field.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    return UInt16(String(decoding: field[(colon + 1)...], as: UTF8.self), radix: 16)
  }
}
