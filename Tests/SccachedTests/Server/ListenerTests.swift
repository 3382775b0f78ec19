import CPosix
import Glibc
import Platform
import TestSupport
import Testing
import Wire

@testable import sccached

@Suite(.serialized) struct ListenerTests {
  private let directory = TemporaryDirectory()

  private func endpoint(_ name: String) -> Endpoint { .path(Array(directory(name).utf8)) }

  private func isInUse(_ endpoint: Endpoint) -> Bool {
    do throws(Listener.Failure) {
      _ = try Listener(endpoint)
      return false
    } catch {
      if case .addressInUse = error { return true }
      return false
    }
  }

  @Test func aLiveOwnerIsLeftAlone() throws {
    let first = try Listener(endpoint("s"))
    let before = FileStamp(path: directory("s"))
    #expect(isInUse(endpoint("s")))
    #expect(FileStamp(path: directory("s")) == before)
    close(first.descriptor)
  }

  @Test func aStaleSocketIsReplaced() throws {
    let name = Array(directory("s").utf8)
    let old = cposix_bind_unix(name, name.count, 0)
    #expect(old >= 0)
    close(old)
    #expect(FileStamp(path: directory("s")) != nil)
    let listener = try Listener(endpoint("s"))
    let client = cposix_connect_unix(name, name.count, 0)
    #expect(client >= 0)
    close(client)
    listener.stop()
    #expect(FileStamp(path: directory("s")) == nil)
    close(listener.descriptor)
  }

  /// An owner without our lock file (another program's).
  @Test func aForeignOwnerIsLeftAlone() throws {
    let name = Array(directory("s").utf8)
    let old = cposix_bind_unix(name, name.count, 0)
    #expect(old >= 0 && listen(old, 5) == 0)
    #expect(isInUse(endpoint("s")))
    close(old)
  }

  @Test func aFileInItsPlaceIsKept() throws {
    try directory.write("s", "precious")
    #expect(throws: Listener.Failure.self) { try Listener(endpoint("s")).endpoint }
    #expect(try Files.read(directory("s")) == Array("precious".utf8))
  }

  @Test func onlyItsOwnSocketIsRemoved() throws {
    let listener = try Listener(endpoint("s"))
    unlink(directory("s"))
    try directory.write("s", "another's")
    listener.stop()
    #expect(FileStamp(path: directory("s")) != nil)
    close(listener.descriptor)
  }

  /// After `stop` a new daemon may begin while the old one finishes its work.
  @Test func aStoppedListenerGivesTheAddressFree() throws {
    let first = try Listener(endpoint("s"))
    first.stop()
    #expect(!isInUse(endpoint("s")))
    close(first.descriptor)
  }

  @Test func abstractNames() throws {
    let name = Endpoint.abstract(Array("sccached-tests-\(getpid())".utf8))
    let first = try Listener(name)
    #expect(isInUse(name))
    first.stop()
    close(first.descriptor)
    close(try Listener(name).descriptor)
  }

  @Test func namesThatAreTooLong() {
    let long = [UInt8](repeating: UInt8(ascii: "a"), count: 108)
    #expect(throws: Listener.Failure.self) {
      try Listener(.path(Array("/tmp/".utf8) + long)).endpoint
    }
    #expect(throws: Listener.Failure.self) { try Listener(.abstract(long)).endpoint }
  }

  @Test func ports() throws {
    // One that nobody has: the kernel's choice of a moment ago.
    let port = UInt16.random(in: 20_000...32_000)
    guard let first = try? Listener(.port(port)) else { return }
    #expect(isInUse(.port(port)))
    let home = Peer.Home()
    let client = cposix_stream_socket(AF_UNIX)
    close(client)
    #expect(home.namespace != nil && home.root.inode != 0)
    close(first.descriptor)
  }
}

@Suite struct PeerTests {
  @Test func weTrustOurselves() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let one = SocketEnd(ends[0])
    let two = SocketEnd(ends[1])
    let home = Peer.Home()
    #expect(Peer.isOurs(one.number))
    #expect(!Peer.isOurs(-1))
    #expect(home.sees(home.root, peer: two.number))
    for change in [\RootDirectory.mount, \.device, \.inode] {
      var other = home.root
      other[keyPath: change] += 1
      #expect(!home.sees(other, peer: two.number))
    }
  }

  @Test func withoutMountsTheNamespaceIsCompared() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let one = SocketEnd(ends[0])
    let two = SocketEnd(ends[1])
    var home = Peer.Home()
    home.root.mount = 0
    #expect(home.sees(home.root, peer: one.number))
    #expect(!home.sees(home.root, peer: -1))
    home.namespace = FileStamp(path: "/")
    #expect(!home.sees(home.root, peer: two.number))
    home.root.inode = 0
    #expect(!home.sees(home.root, peer: two.number))
  }

  @Test func portsThatNobodyHas() {
    #expect(!Peer.isOurs(peerPort: 1, ownPort: 2))
  }
}
