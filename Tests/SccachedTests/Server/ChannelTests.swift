import CPosix
import Glibc
import Platform
import Testing
import Wire

@testable import sccached

@Suite struct ChannelTests {
  private func pair(maximumBody: Int = 1 << 20) throws -> (channel: Channel, other: SocketEnd) {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    return (Channel(ends[0], maximumBody: maximumBody), SocketEnd(ends[1]))
  }

  private let frame = Decline(program: Array("/bin/cc".utf8), notice: [1, 2, 3]).frame()

  private func failure(_ channel: Channel, within seconds: Int? = 5) -> String {
    do throws(Channel.Failure) {
      _ = try channel.receive(within: seconds)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func wholeFrames() throws {
    let (channel, other) = try pair()
    other.write(frame + frame)
    for _ in 0..<2 {
      let message = try channel.receive(within: 5)
      #expect(message.kind == .decline)
      #expect(try Decline(body: message.body).notice == [1, 2, 3])
    }
  }

  @Test func aByteAtATime() throws {
    let (channel, other) = try pair()
    let number = other.number
    let bytes = frame
    _ = startThread {
      for byte in bytes {
        var byte = byte
        Glibc.write(number, &byte, 1)
        usleep(200)
      }
    }
    let message = try channel.receive(within: 20)
    #expect(message.kind == .decline)
    #expect(other.number >= 0)
  }

  @Test func everyCutIsAnEnd() throws {
    for count in 0..<frame.count {
      let (channel, other) = try pair()
      other.write(Array(frame.prefix(count)))
      shutdown(other.number, Int32(SHUT_WR))
      #expect(failure(channel) == "closed", "cut to \(count) bytes")
    }
  }

  @Test func silenceHasALimit() throws {
    let (channel, other) = try pair()
    let before = Clock.monotonic
    #expect(failure(channel, within: 1) == "timedOut")
    other.write(Array(frame.prefix(5)))
    #expect(failure(channel, within: 1) == "timedOut")
    #expect(Clock.monotonic - before >= 2_000_000_000)
  }

  @Test func tooLargeIsRefusedAtOnce() throws {
    let (channel, other) = try pair(maximumBody: 10)
    other.write(frame)
    #expect(failure(channel).contains("tooLarge"))
  }

  @Test func foreignBytesAreRefused() throws {
    let (channel, other) = try pair()
    other.write(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(failure(channel).contains("notOurs"))
  }

  @Test func sendsMuchToASlowReader() throws {
    let (channel, other) = try pair()
    let frame = Outcome(
      ending: Ending(exitCode: 0), standardOutput: [UInt8](repeating: 7, count: 3 << 20)
    )
    .frame(.result)
    let sent = onThread { channel.send(frame) }
    var received = 0
    var buffer = [UInt8](repeating: 0, count: 50_000)
    while received < frame.count {
      let count = read(other.number, &buffer, buffer.count)
      if count <= 0 { break }
      received += count
      usleep(300)
    }
    #expect(received == frame.count)
    #expect(sent.awaited() == true)
  }

  @Test func aClosedEndIsNoticed() throws {
    let (channel, other) = try pair()
    #expect(channel.send(frame))
    #expect(!channel.isClosed)
    other.close()
    #expect(channel.isClosed)
    #expect(!channel.send(frame))
  }

  /// A word for whoever waits, and none for whoever doesn't.
  @Test func beats() throws {
    let (channel, other) = try pair()
    channel.beat(after: 0)
    channel.isAwaited(true)
    channel.beat(after: 60_000_000_000)
    channel.beat(after: 0)
    channel.isAwaited(false)
    channel.beat(after: 0)
    let found = other.read(100)
    #expect(found == FrameWriter(.alive).finish())
  }

  /// A reader that takes nothing must not keep the word from all others.
  @Test func aBeatNeverWaits() throws {
    let (channel, other) = try pair()
    channel.isAwaited(true)
    let large = [UInt8](repeating: 0, count: 4 << 20)
    let sent = onThread { channel.send(large) }
    usleep(100_000)
    let beaten = onThread { () -> Bool in
      channel.beat(after: 0)
      return true
    }
    // While the other end still takes nothing.
    #expect(beaten.awaited() == true)
    other.close()
    _ = sent.awaited()
  }
}

/// One end of a socket, as a plain reference.
final class SocketEnd: @unchecked Sendable {
  // Sendable: a test uses it from one thread at a time.
  private(set) var number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close() }

  func close() {
    if number >= 0 { Glibc.close(number) }
    number = -1
  }

  func write(_ bytes: [UInt8]) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(number, $0.baseAddress! + written, bytes.count - written, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      written += count
    }
  }

  /// What is there now.
  func read(_ limit: Int) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = recv(number, &buffer, limit, Int32(MSG_DONTWAIT))
    return Array(buffer.prefix(max(0, count)))
  }
}
