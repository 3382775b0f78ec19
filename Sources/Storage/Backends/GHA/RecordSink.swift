#if GHA
  import Platform

  /// Takes a record of a segment: what stands before the blob must be as it is known, the blob goes on.
  final class RecordSink: Sendable {
    private struct State {
      var seen = 0
      var isWrong = false
    }

    private let head: [UInt8]
    private let length: Int
    private let sink: any BlobSink
    private let state = Monitor(State())

    /// - Parameter head: with the blob's length in its last eight bytes.
    init(_ head: [UInt8], _ sink: any BlobSink) {
      self.head = head
      self.sink = sink
      length = head.suffix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    var isWrong: Bool { state.withLock { $0.isWrong } }
    var isComplete: Bool { state.withLock { !$0.isWrong && $0.seen == head.count + length } }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
      var rest = bytes
      let isRight = state.withLock { state in
        let count = min(rest.count, max(0, head.count - state.seen))
        if !rest[..<count].elementsEqual(head[min(state.seen, head.count)...].prefix(count)) {
          state.isWrong = true
        }
        state.seen += bytes.count
        if state.seen > head.count + length { state.isWrong = true }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return !state.isWrong
      }
      return isRight && (rest.isEmpty || sink.take(rest))
    }
  }
#endif
