import CPosix
import CSandbox
import Glibc
import Platform

/// The server's end of the socket to a runner. A runner is not trusted: it may have been taken over by a
/// job. Lengths are checked, waits are bounded, and descriptors that it sends are looked at before use.
struct SlotSocket: ~Copyable {
  let descriptor: Descriptor
  /// Seconds that a runner may take to send or take a frame that has begun.
  static let patience = 10

  struct Frame {
    var kind: RunnerFrame
    var body: [UInt8]
    /// A descriptor that came with it, now the receiver's.
    var attached: Int32?
  }

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
    var time = timeval(tv_sec: Self.patience, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(
        self.descriptor.number, SOL_SOCKET, option, &time, UInt32(MemoryLayout<timeval>.size))
    }
  }

  func send(
    _ kind: RunnerFrame, _ body: [UInt8], descriptors: [Int32] = []
  ) throws(SandboxError) {
    guard body.count <= RunnerFrame.longestBody else {
      throw SandboxError("the job's arguments and environment are too long")
    }
    let frame = kind.head(bodyLength: body.count) + body
    var sent = 0
    while sent < frame.count {
      let count = frame.withUnsafeBytes { bytes in
        csandbox_send(
          descriptor.number, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, descriptors,
          sent == 0 ? Int32(descriptors.count) : 0)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SandboxError("the slot's runner takes no orders") }
      sent += count
    }
  }

  func receive() throws(SandboxError) -> Frame {
    var attached: Int32?
    do throws(SandboxError) {
      let head = try receive(RunnerFrame.headLength, &attached)
      var reader = MessageReader(head)
      guard let length = try? reader.number(), length <= 4096, let raw = try? reader.byte(),
        let kind = RunnerFrame(rawValue: raw)
      else { throw SandboxError("the slot's runner talks nonsense") }
      return Frame(kind: kind, body: try receive(Int(length), &attached), attached: attached)
    } catch {
      if let attached { close(attached) }
      throw error
    }
  }

  private func receive(_ count: Int, _ attached: inout Int32?) throws(SandboxError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      var room: [Int32] = [-1, -1, -1, -1]
      var came: Int32 = 0
      let start = filled
      let got = bytes.withUnsafeMutableBytes { buffer in
        csandbox_receive(
          descriptor.number, buffer.baseAddress.map { $0 + start }, count - start, &room, &came)
      }
      if got < 0, errno == EINTR { continue }
      // One descriptor a frame; more is not what our runner sends.
      for number in room.prefix(Int(came)) {
        if attached == nil { attached = number } else { close(number) }
      }
      guard got > 0 else { throw SandboxError("the slot's runner is gone or hangs") }
      filled += got
    }
    return bytes
  }
}
