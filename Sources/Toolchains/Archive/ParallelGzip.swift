import Platform

/// Makes one gzip member with several threads. The bytes depend on content and level alone, never on
/// the number of threads: all pieces have the same size.
final class ParallelGzip {
  private struct Work {
    var number: Int
    var content: [UInt8]
    var dictionary: [UInt8]
    var isLast: Bool
  }

  private struct State {
    var waiting: [Work] = []
    var finished: [Int: Result<DeflateBlock, ToolchainError>] = [:]
    var isClosed = false
  }

  /// Large enough that a piece's lost references don't count, small enough for many pieces.
  private static let blockSize = 1 << 20

  private let state = Monitor(State())
  /// Pieces handed out at most, whether waiting, being compressed, or ready.
  private let limit: Int
  private var current: [UInt8] = []
  private var dictionary: [UInt8] = []
  private var submitted = 0
  private var written = 0
  private var frame = GzipFrame()

  /// - Parameters:
  ///   - level: 1 to 9.
  ///   - workers: threads that compress, besides the one that feeds.
  init(level: Int, workers: Int) throws(ToolchainError) {
    limit = 2 * workers + 1
    current.reserveCapacity(Self.blockSize)
    var started = 0
    for _ in 0..<workers {
      let state = self.state
      if startThread({ Self.compress(level: level, state) }) { started += 1 }
    }
    guard started > 0 else { throw .compression(reason: "the system gives no thread") }
  }

  deinit {
    state.change { $0.isClosed = true }
  }

  private static func compress(level: Int, _ state: Monitor<State>) {
    let compressor: DeflateBlockCompressor
    do throws(ToolchainError) {
      compressor = try DeflateBlockCompressor(level: level)
    } catch {
      // Whatever comes fails the same way.
      while let work = next(state) { state.change { $0.finished[work.number] = .failure(error) } }
      return
    }
    while let work = next(state) {
      let result: Result<DeflateBlock, ToolchainError>
      do throws(ToolchainError) {
        result = .success(
          try compressor.compress(
            work.content, dictionary: work.dictionary, isLast: work.isLast))
      } catch {
        result = .failure(error)
      }
      state.change { $0.finished[work.number] = result }
    }
  }

  /// Nil when nothing will come any more.
  private static func next(_ state: Monitor<State>) -> Work? {
    let answer: Work?? = state.wait(until: .max) { state in
      if state.isClosed { return .some(nil) }
      return state.waiting.isEmpty ? nil : .some(state.waiting.removeFirst())
    }
    return answer ?? nil
  }

  /// Takes content; what is ready goes to `sink`, in order.
  func feed(
    _ bytes: UnsafeRawBufferPointer,
    _ sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // A full piece waits for the next byte: the last one is compressed differently.
      if current.count == Self.blockSize { try submit(isLast: false, sink) }
      let part = rest.prefix(Self.blockSize - current.count)
      current.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
      rest = rest.dropFirst(part.count)
    }
  }

  func finish(
    _ sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    try submit(isLast: true, sink)
    while written < submitted { try writeNext(sink) }
    try Self.pass(frame.tail, to: sink)
  }

  private func submit(
    isLast: Bool, _ sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    let work = Work(number: submitted, content: current, dictionary: dictionary, isLast: isLast)
    dictionary = Array(current.suffix(DeflateBlockCompressor.dictionarySize))
    current = []
    current.reserveCapacity(Self.blockSize)
    if submitted == 0 { try Self.pass(GzipFrame.head, to: sink) }
    submitted += 1
    state.change { $0.waiting.append(work) }
    while submitted - written >= limit { try writeNext(sink) }
  }

  private func writeNext(
    _ sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    let number = written
    let result = state.wait(until: .max) { $0.finished.removeValue(forKey: number) }
    guard let block = try result?.get() else { return }
    written += 1
    frame.count(block)
    try Self.pass(block.bytes, to: sink)
  }

  private static func pass(
    _ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(ToolchainError) -> Void
  ) throws(ToolchainError) {
    let failure = bytes.withUnsafeBytes { bytes -> ToolchainError? in
      do throws(ToolchainError) { try sink(bytes) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }
}
