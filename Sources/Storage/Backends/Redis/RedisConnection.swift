#if Redis
  import CRedis
  import CacheKey
  import Platform
  import Transport

  /// A conversation with one server. hiredis writes the commands and understands the replies, except for
  /// values: those go to their sink while they come, so that a large one is never in memory as a whole.
  final class RedisConnection: @unchecked Sendable {
    // Sendable: it is in a pool or with one thread, or one listens on it while others take turns to write.
    private let stream: StreamConnection
    private var input = [UInt8](repeating: 0, count: 64 << 10)
    private var start = 0
    private var end = 0
    /// The server closed before it said a word about what was asked last: a kept connection that had ended
    /// long ago looks like this.
    private(set) var isClosedUnheard = false
    private var hasHeard = false

    /// Of one reply that is no value, in bytes; a cluster of a thousand nodes needs less.
    private static let longestReply = 1 << 20
    /// Of the array in one.
    private static let mostElements: Int32 = 20_000

    init(_ stream: StreamConnection) { self.stream = stream }

    var isIdle: Bool { start == end && stream.isIdle }

    // MARK: asking

    /// Begins a question, which may have several commands.
    func begin() {
      hasHeard = false
      isClosedUnheard = false
    }

    func send(
      _ commands: [[String]], _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      var bytes: [UInt8] = []
      for command in commands { bytes += try Self.format(command) }
      try write(bytes, deadlines)
    }

    /// Sends commands while another thread may be listening.
    func sendBeside(
      _ commands: [[String]], _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      var bytes: [UInt8] = []
      for command in commands { bytes += try Self.format(command) }
      do throws(StreamFailure) { try writeAll(bytes, deadlines) } catch { throw BlobFailure(error) }
    }

    /// Sends a command whose last argument is a blob.
    func send(
      _ command: [String], _ blob: MemberContent, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      // The head of what hiredis would make of command and blob together, which then had to be in memory.
      var bytes = Array("*\(command.count + 1)\r\n".utf8)
      for word in command { bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
      bytes += Array("$\(blob.size)\r\n".utf8)
      let piece = 256 << 10
      switch blob {
      case .bytes(let content):
        if content.count <= piece {
          bytes += content
        } else {
          try write(bytes, deadlines)
          try write(content, deadlines)
          bytes = []
        }
      case .file(let file):
        var sent = 0
        while sent < file.size {
          let had = bytes.count
          let wanted = min(piece, file.size - sent)
          bytes += [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            filled = max(
              0,
              file.read(
                at: sent,
                into: UnsafeMutableRawBufferPointer(
                  start: buffer.baseAddress, count: wanted)))
          }
          guard bytes.count > had else { throw .given(up: "what was to be sent can't be read") }
          sent += bytes.count - had
          try write(bytes, deadlines)
          bytes.removeAll(keepingCapacity: true)
        }
      }
      try write(bytes + Array("\r\n".utf8), deadlines)
    }

    private static func format(_ command: [String]) throws(BlobFailure) -> [UInt8] {
      let words = command.map { Array($0.utf8) }
      let all = words.flatMap { $0 }
      let bytes = all.withUnsafeBytes { all -> [UInt8]? in
        var offset = 0
        var pointers: [UnsafePointer<CChar>?] = []
        for word in words {
          let place = all.baseAddress.map { $0 + offset }
          pointers.append(place?.assumingMemoryBound(to: CChar.self))
          offset += word.count
        }
        let lengths = words.map(\.count)
        var target: UnsafeMutablePointer<CChar>?
        let count = redisFormatCommandArgv(&target, Int32(words.count), &pointers, lengths)
        guard count > 0, let target else { return nil }
        defer { redisFreeCommand(target) }
        return Array(UnsafeRawBufferPointer(start: target, count: Int(count)))
      }
      guard let bytes else { throw .failed("there is no memory for a command") }
      return bytes
    }

    // MARK: listening

    /// A reply that is small.
    func reply(_ deadlines: StreamDeadlines) throws(BlobFailure) -> RedisReply {
      guard let reader = credis_new_reader(Self.mostElements) else {
        throw .failed("there is no memory for a reply")
      }
      defer { credis_free_reader(reader) }
      var length = 0
      // Line by line: every reply ends with one, and nothing of the next may be swallowed.
      while true {
        let line = try self.line(deadlines)
        length += line.count
        guard length <= Self.longestReply else {
          throw .failed("a reply has more than \(Self.longestReply) bytes")
        }
        var object: UnsafeMutablePointer<redisReply>?
        let state = line.withUnsafeBytes {
          credis_feed(reader, $0.baseAddress, $0.count, &object)
        }
        if state < 0 { throw .failed("it does not speak Redis' protocol") }
        if let object {
          defer { freeReplyObject(object) }
          return RedisReply(object)
        }
      }
    }

    /// The reply to GET, with a value going into the sink.
    func value(
      into sink: any BlobSink, limit: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) -> RedisReply {
      switch try valueHead(limit: limit, deadlines) {
      case .reply(let reply): return reply
      case .value(let count):
        try rest(count, to: sink, deadlines)
        return .passedOn
      }
    }

    /// How the reply to GET begins.
    enum ValueHead {
      /// So many bytes of a value, which come next.
      case value(Int)
      /// All of it.
      case reply(RedisReply)
    }

    func valueHead(
      limit: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) -> ValueHead {
      if start == end { try fill(deadlines) }
      guard input[start] == UInt8(ascii: "$") else { return .reply(try reply(deadlines)) }
      let line = try self.line(deadlines)
      guard let count = Int(String(decoding: line.dropFirst().dropLast(2), as: UTF8.self)),
        -1...limit ~= count
      else { throw .failed("a value has a length that can't be") }
      return count < 0 ? .reply(.null) : .value(count)
    }

    /// The bytes of a value whose head was read.
    func rest(
      _ count: Int, to sink: any BlobSink, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      try pass(count, to: sink, deadlines)
      guard try self.line(deadlines).elementsEqual([13, 10]) else {
        throw .failed("a value is longer than it should be")
      }
    }

    /// Waits for the next byte, if none is here.
    func waitForInput(_ deadlines: StreamDeadlines) throws(BlobFailure) {
      if start == end { try fill(deadlines) }
    }

    private func pass(
      _ count: Int, to sink: any BlobSink, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      var left = count
      while left > 0 {
        if start == end { try fill(deadlines) }
        let piece = min(left, end - start)
        let goesOn = input.withUnsafeBytes {
          sink.take(UnsafeRawBufferPointer(rebasing: $0[start..<start + piece]))
        }
        guard goesOn else { throw .given(up: "the transfer was given up") }
        start += piece
        left -= piece
      }
    }

    /// Through the next line feed, or as much of a line as fits in the buffer.
    private func line(_ deadlines: StreamDeadlines) throws(BlobFailure) -> [UInt8] {
      var line: [UInt8] = []
      while line.count < input.count {
        if start == end { try fill(deadlines) }
        let feed = input[start..<end].firstIndex(of: 10)
        let next = feed.map { $0 + 1 } ?? end
        line += input[start..<next]
        start = next
        if feed != nil { break }
      }
      return line
    }

    private func fill(_ deadlines: StreamDeadlines) throws(BlobFailure) {
      let count: Int
      do throws(StreamFailure) {
        count = try input.withUnsafeMutableBytes { buffer in
          Result { () throws(StreamFailure) in try stream.read(into: buffer, deadlines) }
        }.get()
      } catch {
        throw failure(error)
      }
      guard count > 0 else { throw failure(.closed("by the server")) }
      hasHeard = true
      start = 0
      end = count
    }

    private func write(
      _ bytes: [UInt8], _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      do throws(StreamFailure) {
        try writeAll(bytes, deadlines)
      } catch {
        throw try lastWords() ?? failure(error)
      }
    }

    private func writeAll(
      _ bytes: [UInt8], _ deadlines: StreamDeadlines
    ) throws(StreamFailure) {
      try bytes.withUnsafeBytes { bytes in
        Result { () throws(StreamFailure) in try stream.write(bytes, deadlines) }
      }.get()
    }

    /// What a server said before it closed in the middle of a question.
    private func lastWords() throws(BlobFailure) -> BlobFailure? {
      guard !stream.isIdle else { return nil }
      let soon = StreamDeadlines(silence: 50, end: Clock.monotonic + 50_000_000)
      guard case .error(let text)? = try? reply(soon) else {
        hasHeard = false
        return nil
      }
      return RedisError(text: text).failure
    }

    private func failure(_ failure: StreamFailure) -> BlobFailure {
      if case .closed = failure, !hasHeard { isClosedUnheard = true }
      return BlobFailure(failure)
    }
  }

  extension BlobFailure {
    init(_ failure: StreamFailure) {
      switch failure {
      case .unreachable, .untrusted: self = .unreachable(failure.description)
      case .timedOut: self = .timedOut(failure.description)
      case .closed: self = .failed(failure.description)
      }
    }
  }
#endif
