@testable import CacheKey
import Glibc
@testable import Platform
@testable import Storage
@testable import Transport

/// What is read of the servers of remote stores.
enum StoreTargets {
  /// Counts what a value's bytes are.
  private final class Counting: BlobSink, @unchecked Sendable {
    // Sendable: the fuzzer has one thread.
    private(set) var count = 0

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
      count += bytes.count
      return true
    }
  }

  /// Replies one after the other, to GET and to other commands in turn, over a socket that then ends.
  static func redisReplies(_ bytes: [UInt8]) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0
    else { fatalError("no pair of sockets") }
    let server = Descriptor(ends[1])
    let connection = RedisConnection(StreamConnection(over: Descriptor(ends[0]), "fuzzer"))
    guard send(server.number, bytes, bytes.count, 0) == bytes.count || bytes.isEmpty else { return }
    shutdown(server.number, Int32(SHUT_WR))
    let deadlines = StreamDeadlines(silence: 1000, end: Clock.monotonic + 5_000_000_000)
    var values = 0
    do throws(BlobFailure) {
      for round in 0..<bytes.count + 1 {
        if round.isMultiple(of: 2) {
          let sink = Counting()
          let reply = try connection.value(into: sink, limit: 1 << 29, deadlines)
          precondition(reply == .passedOn || sink.count == 0)
          values += sink.count
        } else {
          let reply = try connection.reply(deadlines)
          if let slots = RedisSlots(reply, asked: .tcp(host: "h", port: 1)) {
            for server in slots.servers { precondition(!"\(server)".isEmpty) }
          }
        }
      }
      fatalError("more replies than bytes")
    } catch {
      precondition(values <= bytes.count)
    }
  }

  /// Errors, which send a question elsewhere, and addresses as people write them.
  static func redisTexts(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for said in [text, "MOVED " + text, "ASK 1 " + text] {
      let error = RedisError(text: said)
      _ = error.failure
      if let redirection = error.redirection {
        precondition(0..<RedisSlot.count ~= redirection.slot)
      }
    }
    precondition(0..<RedisSlot.count ~= RedisSlot.of(text))
    for scheme in ["", "redis://", "unix:///"] { _ = try? RedisAddress(scheme + text) }
  }

  /// The bytes get a head and a checksum that fit. What was understood is written, and understood again.
  static func segmentIndex(_ bytes: [UInt8]) {
    _ = try? SegmentIndex(head: bytes, of: "a")
    var writer = ByteWriter()
    writer.bytes = SegmentIndex.magic
    writer.put(1 as UInt8)
    writer.put(UInt32(bytes.count))
    writer.put(checksum(bytes))
    guard let index = try? SegmentIndex(head: writer.bytes + bytes, of: "a") else { return }
    var more = index
    let head = more.add(segment: "b", [.probe: (offset: 0, length: 7)])
    guard let again = try? SegmentIndex(head: head, of: "b") else {
      fatalError("what was written is not understood")
    }
    for (name, place) in again.places where name != .probe {
      precondition(index[name] == place)
    }
  }

  /// Lines of an answer's head.
  static func httpHead(_ bytes: [UInt8]) {
    var head = HTTPHead()
    var taken = 0
    for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      guard (Array(line) + [10]).withUnsafeBytes({ head.take($0) }) else {
        fatalError("\(bytes.count) bytes are too many")
      }
      taken += 1
    }
    precondition(head.headers.count <= taken)
    for (name, value) in head.headers {
      precondition(!name.contains(":") && !value.contains { $0.isNewline })
    }
    // What is made of some of them.
    _ = HTTPBlobs.failure(HTTPAnswer(status: head.status, headers: head.headers, body: bytes))
  }

  /// An entry that comes in pieces: the bytes are its head from the members on, which gets a checksum that
  /// fits, and then again its members.
  static func entryStream(_ bytes: [UInt8]) {
    let key = Digest.of([1])
    let length = UInt32(44 + bytes.count + 8)
    let body =
      Array("SCCENT\n".utf8) + [1] + key.bytes
      + withUnsafeBytes(of: length.littleEndian) { Array($0) } + bytes
    let entry = Target.sealed(body) + bytes
    guard let file = try? Files.openNameless(in: "/dev/shm", mode: 0o600) else {
      fatalError("no place for the entry")
    }
    let receiver = TakingAll()
    for isWhole in [true, false] {
      let unpacker = EntryUnpacker(
        key,
        into: EntryUnpacker.Target(
          file: file.number, isWhole: isWhole, receiver: receiver,
          places: UnpackingPlaces(count: 1)),
        limit: 1 << 24)
      do throws(StoreError) {
        var rest = entry[...]
        while !rest.isEmpty {
          let piece = Array(rest.prefix(Int(bytes.first ?? 1) + 1))
          rest = rest.dropFirst(piece.count)
          let result = piece.withUnsafeBytes { bytes in
            Result { () throws(StoreError) in try unpacker.take(bytes) }
          }
          try result.get()
        }
        let came = try unpacker.finish()
        for member in came.head.members {
          precondition(member.offset + member.stored <= entry.count)
        }
      } catch {
        receiver.discard()
      }
    }
  }

  private final class TakingAll: MemberReceiver {
    private var files: [TemporaryFile] = []

    func file(for member: EntryHead.Member, of head: EntryHead) -> TemporaryFile? {
      guard let new = try? Files.openNameless(in: "/dev/shm", mode: 0o600) else { return nil }
      files.append(TemporaryFile(descriptor: new, size: member.size))
      return files.last
    }

    func discard() { files = [] }
  }
}
