import CPosix
import Glibc
import Platform
import Synchronization
import Wire

/// The daemon's end of a connection; blocks its thread, with deadlines.
final class Channel: Sendable {
  let descriptor: Int32
  private let maximumBody: Int
  /// One frame at a time. The value: when something was last said, while the other side waits for a
  /// word from us; nil while it is busy itself.
  private let waitingSince = Mutex<Int64?>(nil)

  enum Failure: Error {
    case closed, timedOut
    case protocolError(WireError)
  }

  init(_ descriptor: Int32, maximumBody: Int) {
    self.descriptor = descriptor
    self.maximumBody = maximumBody
  }

  deinit {
    close(descriptor)
  }

  struct Message {
    var kind: FrameKind
    var body: [UInt8]
  }

  /// - Parameter seconds: how long the other side may be silent; nil for ever.
  func receive(within seconds: Int?) throws(Failure) -> Message {
    let deadline = seconds.map { Clock.monotonic + Int64($0) * 1_000_000_000 } ?? .max
    let head = try read(FrameHeader.byteCount, until: deadline)
    let header: FrameHeader
    do throws(WireError) {
      header = try decode(head)
    } catch {
      throw .protocolError(error)
    }
    // The body comes at once or not at all, whatever was allowed for the head.
    let bodyDeadline = min(deadline, Clock.monotonic + 10_000_000_000)
    return Message(kind: header.kind, body: try read(header.bodyLength, until: bodyDeadline))
  }

  private func decode(_ head: [UInt8]) throws(WireError) -> FrameHeader {
    let result = head.withUnsafeBytes { bytes -> Result<FrameHeader, WireError> in
      do throws(WireError) {
        return .success(try FrameHeader.decode(bytes, maximumBody: maximumBody))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func read(_ count: Int, until deadline: Int64) throws(Failure) -> [UInt8] {
    var failure: Failure?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let got = recv(
          descriptor, buffer.baseAddress! + filled, count - filled, Int32(MSG_DONTWAIT))
        if got > 0 {
          filled += got
        } else if got < 0, errno == EAGAIN {
          guard wait(for: Int16(POLLIN), until: deadline) else {
            failure = .timedOut
            return
          }
        } else if got == 0 || errno != EINTR {
          failure = .closed
          return
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private func wait(for events: Int16, until deadline: Int64) -> Bool {
    while true {
      let left = deadline == .max ? -1 : max(0, (deadline - Clock.monotonic + 999_999) / 1_000_000)
      var poller = pollfd(fd: descriptor, events: events, revents: 0)
      let ready = poll(&poller, 1, Int32(clamping: left))
      if ready > 0 { return true }
      if ready == 0 { return false }
      if errno != EINTR { return false }
    }
  }

  /// False when the other side is gone, or takes nothing for ten seconds.
  @discardableResult
  func send(_ frame: [UInt8]) -> Bool {
    waitingSince.withLock { since in
      if since != nil { since = Clock.monotonic }
      return sendWhole(frame)
    }
  }

  /// From now on the other side waits for a word (`Heartbeat` gives it one), or no more.
  func isAwaited(_ awaited: Bool) {
    waitingSince.withLock { $0 = awaited ? Clock.monotonic : nil }
  }

  /// Says that we live, if the other side has been waiting for so long (nanoseconds).
  func beat(after time: Int64) {
    // Not for a channel on which somebody is sending: that is a sign of life, too.
    _ = waitingSince.withLockIfAvailable { since in
      guard let last = since, Clock.monotonic - last >= time else { return }
      since = Clock.monotonic
      let frame = FrameWriter(.alive).finish()
      // Never waits: a full socket buffer has enough to read.
      _ = Glibc.send(descriptor, frame, frame.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
  }

  private func sendWhole(_ frame: [UInt8]) -> Bool {
    var sent = 0
    while sent < frame.count {
      let count = frame.withUnsafeBytes {
        Glibc.send(
          descriptor, $0.baseAddress! + sent, frame.count - sent,
          Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count > 0 {
        sent += count
      } else if count < 0, errno == EAGAIN {
        guard wait(for: Int16(POLLOUT), until: Clock.monotonic + 10_000_000_000) else {
          return false
        }
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  /// The other side has hung up.
  var isClosed: Bool {
    var poller = pollfd(fd: descriptor, events: Int16(0x2000 /* POLLRDHUP */), revents: 0)
    return poll(&poller, 1, 0) > 0 && poller.revents != 0
  }
}
