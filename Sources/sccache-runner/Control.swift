import CPosix
import CSandbox

/// The socket to the server. Only the server's side is ever trusted to be well-formed, and still every
/// length is checked: a runner that misread a job would be the hole.
struct Control {
  let socket: Int32

  struct Frame {
    var kind: RunnerFrame
    var body: [UInt8]
    var descriptors: [Int32]
  }

  /// Waits for a frame; nil when the server is gone or talks nonsense.
  func receive() -> Frame? {
    var descriptors: [Int32] = []
    guard let head = receive(RunnerFrame.headLength, &descriptors) else { return nil }
    var reader = MessageReader(head)
    guard let length = try? reader.number(), length <= RunnerFrame.longestBody,
      let raw = try? reader.byte(), let kind = RunnerFrame(rawValue: raw),
      let body = receive(Int(length), &descriptors)
    else {
      for descriptor in descriptors { close(descriptor) }
      return nil
    }
    return Frame(kind: kind, body: body, descriptors: descriptors)
  }

  /// False when the server is gone.
  func send(_ kind: RunnerFrame, _ body: [UInt8], descriptor: Int32 = -1) -> Bool {
    let frame = kind.head(bodyLength: body.count) + body
    return frame.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count, let start = bytes.baseAddress {
        var attached = descriptor
        let count = csandbox_send(
          socket, start + sent, bytes.count - sent, &attached, sent == 0 && descriptor >= 0 ? 1 : 0)
        if count < 0, cposix_errno() == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  private func receive(_ count: Int, _ descriptors: inout [Int32]) -> [UInt8]? {
    var isWhole = true
    var arrived: [Int32] = []
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count, let start = buffer.baseAddress {
        var room: (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
        var came: Int32 = 0
        let got = withUnsafeMutableBytes(of: &room) { room in
          csandbox_receive(
            socket, start + filled, count - filled,
            room.baseAddress?.assumingMemoryBound(to: Int32.self), &came)
        }
        if got < 0, cposix_errno() == EINTR { continue }
        guard got > 0 else {
          isWhole = false
          return
        }
        let all = [room.0, room.1, room.2, room.3]
        arrived += all.prefix(Int(came))
        filled += got
      }
    }
    descriptors += arrived
    return isWhole ? bytes : nil
  }
}
