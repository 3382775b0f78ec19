package import CacheKey
import Glibc
import Platform

/// Takes large members of an entry while they come, before the entry is known to be good: until then nobody
/// may see them. Used by one thread at a time.
package protocol MemberReceiver: AnyObject {
  /// A new file, with the member's size, for its unpacked bytes; nil: it stays with the entry.
  func file(for member: EntryHead.Member, of head: EntryHead) -> TemporaryFile?
  /// The entry is no good: what was received is worthless.
  func discard()
}

/// Takes an entry apart while it comes, and checks it: large members go to a receiver, unpacked; what is left,
/// or everything, goes to the entry's file, where it would lie in a whole one.
final class EntryUnpacker {
  /// Where an entry goes.
  struct Target {
    /// The entry's file, open for writing. Somebody else's.
    var file: Int32
    /// The file gets the members too that are received.
    var isWhole: Bool
    var receiver: (any MemberReceiver)?
    /// Whoever finds none leaves packed members in the entry's file, to be unpacked when they are used.
    var places: UnpackingPlaces
  }

  /// What has come.
  struct Result {
    let head: EntryHead
    /// Members that are not in the entry's file.
    let passedOn: [EntryHead.Member]
  }

  /// A member of which something has come.
  fileprivate struct UnderWay: ~Copyable {
    var checksum = RunningChecksum()
    /// Of the receiver.
    var file: TemporaryFile?
    var decompressor: StreamDecompressor?
    /// For as long as there is a decompressor.
    var place: UnpackingPlaces.Place?
    var written = 0
  }

  private let key: Digest
  private let target: Target
  /// Of the entry, and of what is unpacked from it.
  private let limit: Int
  private var front: [UInt8] = []
  private var head: EntryHead?
  /// Members that are not complete, in the order of their bytes.
  private var waiting: ArraySlice<EntryHead.Member> = []
  fileprivate var underWay: UnderWay?
  private var position = 0
  private var received = 0
  private var passedOn: [EntryHead.Member] = []

  /// Smaller ones cost no more when they are copied later.
  private static let leastReceived = 1 << 20

  init(_ key: Digest, into target: Target, limit: Int) {
    self.key = key
    self.target = target
    self.limit = limit
  }

  func take(_ piece: UnsafeRawBufferPointer) throws(StoreError) {
    var rest = piece[...]
    if head == nil {
      guard try takeHead(&rest) else { return }
    }
    while true {
      guard let member = waiting.first else { return try keep(rest) }
      if position < member.offset {
        if rest.isEmpty { return }
        try keep(cut(&rest, member.offset - position))
        continue
      }
      if underWay == nil { underWay = try begin(member) }
      let end = member.offset + member.stored
      try take(cut(&rest, end - position), of: member)
      guard position == end else { return }
      try finish(member)
      waiting.removeFirst()
    }
  }

  /// To be called once all is there.
  func finish() throws(StoreError) -> Result {
    guard let head, waiting.isEmpty else { throw .damaged("it ends early") }
    return Result(head: head, passedOn: passedOn)
  }

  private func cut(_ rest: inout Slice<UnsafeRawBufferPointer>, _ most: Int) -> Slice<
    UnsafeRawBufferPointer
  > {
    let piece = rest.prefix(most)
    rest = rest.dropFirst(piece.count)
    return piece
  }

  // MARK: the head

  /// - Returns: whether it is complete.
  private func takeHead(_ rest: inout Slice<UnsafeRawBufferPointer>) throws(StoreError) -> Bool {
    do throws(FormatError) {
      front += cut(&rest, max(0, EntryHead.fixedLength - front.count))
      guard front.count >= EntryHead.fixedLength else { return false }
      let length = try EntryHead.length(front.prefix(EntryHead.fixedLength), key: key)
      front += cut(&rest, length - front.count)
      guard front.count == length else { return false }
      let head = try EntryHead(decoding: front[...], key: key, fileSize: limit)
      waiting = try Self.ordered(head.members)
      self.head = head
    } catch {
      throw .damaged(error.reason)
    }
    let bytes = front
    front = []
    let result = bytes.withUnsafeBytes { bytes in
      Swift.Result { () throws(StoreError) in try keep(bytes[...]) }
    }
    try result.get()
    return true
  }

  private static func ordered(
    _ members: [EntryHead.Member]
  ) throws(FormatError) -> ArraySlice<EntryHead.Member> {
    let ordered = members.sorted { ($0.offset, $0.stored) < ($1.offset, $1.stored) }
    for (one, next) in zip(ordered, ordered.dropFirst()) {
      guard one.offset + one.stored <= next.offset else { throw FormatError("members overlap") }
    }
    return ordered[...]
  }

  // MARK: members

  fileprivate func begin(_ member: EntryHead.Member) throws(StoreError) -> UnderWay {
    var underWay = UnderWay()
    // Out of a whole file, bytes that are not packed are copied in the kernel, or shared.
    guard let head, let receiver = target.receiver, member.size >= Self.leastReceived,
      member.encoding == .zstd || !target.isWhole, member.size <= limit - received
    else { return underWay }
    if member.encoding == .zstd {
      guard let place = target.places.take() else { return underWay }
      underWay.place = place
    }
    guard let file = receiver.file(for: member, of: head) else { return underWay }
    received += member.size
    underWay.file = file
    if member.encoding == .zstd { underWay.decompressor = StreamDecompressor() }
    if !target.isWhole { passedOn.append(member) }
    return underWay
  }

  private func take(
    _ piece: Slice<UnsafeRawBufferPointer>, of member: EntryHead.Member
  ) throws(StoreError) {
    guard !piece.isEmpty else { return }
    let bytes = UnsafeRawBufferPointer(rebasing: piece)
    underWay?.checksum.update(bytes)
    let isReceived = try underWay?.unpack(bytes, of: member) ?? false
    if isReceived, !target.isWhole { position += bytes.count } else { try keep(piece) }
  }

  private func finish(_ member: EntryHead.Member) throws(StoreError) {
    guard let done = underWay.take() else { return }
    guard done.checksum.value() == member.checksum else {
      throw .damaged("checksum of \(member.name) differs")
    }
    guard done.isComplete(member) else { throw .damaged("\(member.name) can't be unpacked") }
  }

  /// Puts bytes where they lie in the entry.
  private func keep(_ piece: Slice<UnsafeRawBufferPointer>) throws(StoreError) {
    var rest = UnsafeRawBufferPointer(rebasing: piece)
    while !rest.isEmpty {
      let count = pwrite(target.file, rest.baseAddress, rest.count, off_t(position))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system(SystemError("write", "a downloaded entry")) }
      position += count
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}

extension EntryUnpacker.UnderWay {
  /// - Returns: false when nobody receives it.
  fileprivate mutating func unpack(
    _ bytes: UnsafeRawBufferPointer, of member: EntryHead.Member
  ) throws(StoreError) -> Bool {
    guard let file else { return false }
    let name = "an output that comes from a store"
    var count = written
    var isGood: Bool?
    do throws(SystemError) {
      isGood = try decompressor?.feed(bytes) { (unpacked) throws(SystemError) in
        count += unpacked.count
        // What is too long is not written; that it is wrong shows at its end.
        if count <= member.size { try file.descriptor.write(unpacked, path: name) }
      }
      if isGood == nil {
        count += bytes.count
        try file.descriptor.write(bytes, path: name)
      }
    } catch {
      throw .system(error)
    }
    written = count
    guard isGood ?? true, count <= member.size else {
      throw .damaged("\(member.name) can't be unpacked")
    }
    return true
  }

  fileprivate borrowing func isComplete(_ member: EntryHead.Member) -> Bool {
    guard file != nil else { return true }
    let isWhole = written == member.size
    switch decompressor {
    case .some(let decompressor): return isWhole && decompressor.isFinished
    case .none: return isWhole
    }
  }
}
