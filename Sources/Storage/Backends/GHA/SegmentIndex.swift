#if GHA
  import CacheKey
  import Platform

  /// Where blobs lie: in segments, which are entries of the cache service that hold many of them. Each
  /// segment begins with the index of all that was known when it was made, so that the newest one is enough
  /// to find everything.
  ///
  /// Format, little-endian, version 1:
  ///   "SCCSEG\n" version:u8 indexLength:u32 checksum:u64 (XXH3 of the index)
  ///   index: segments: count:u32, each a name; the first is the segment itself, then newest first
  ///          dataStart:u64
  ///          blobs: count:u32, each: kind:u8 key:32 segment:u32 start:u64 length:u64
  ///   data: records, each: kind:u8 key:32 length:u64 and the blob; a start counts from the segment's own
  struct SegmentIndex: Sendable, Equatable {
    struct Place: Sendable, Equatable {
      var segment: String
      /// Of the record, in the whole segment.
      var start: Int
      /// Of the blob.
      var length: Int
    }

    /// Newest first.
    private(set) var segments: [String] = []
    private(set) var places: [BlobName: Place] = [:]

    static let magic = Array("SCCSEG\n".utf8)
    static let fixedLength = 7 + 1 + 4 + 8
    static let recordHead = 1 + 32 + 8
    /// An index that would be longer forgets its oldest segments.
    static let mostBlobs = 50_000
    static let longestIndex = 16 << 20

    subscript(name: BlobName) -> Place? {
      get { places[name] }
      set { places[name] = newValue }
    }

    func contains(segment: String) -> Bool { segments.contains(segment) }

    mutating func forget(segment: String) {
      segments.removeAll { $0 == segment }
      places = places.filter { $0.value.segment != segment }
    }

    /// Adds a segment, newest of all, with blobs that lie in it at offsets from its data's start.
    ///
    /// - Returns: the head of the segment.
    mutating func add(
      segment: String, _ blobs: [BlobName: (offset: Int, length: Int)]
    ) -> [UInt8] {
      segments.insert(segment, at: 0)
      for (name, blob) in blobs {
        places[name] = Place(segment: segment, start: blob.offset, length: blob.length)
      }
      drop()
      // The length of the index does not depend on where things are.
      let start = Self.fixedLength + encodeIndex(dataStart: 0).count
      for name in blobs.keys { places[name]?.start += start }
      let index = encodeIndex(dataStart: start)
      var writer = ByteWriter()
      writer.bytes = Self.magic
      writer.put(1 as UInt8)
      writer.put(UInt32(index.count))
      writer.put(checksum(index))
      return writer.bytes + index
    }

    /// Adds what another index knows and this one does not, with the segments it lies in.
    mutating func add(missing other: SegmentIndex) {
      for (name, place) in other.places where places[name] == nil { places[name] = place }
      for segment in other.segments where !segments.contains(segment) { segments.append(segment) }
    }

    /// Adds what another index has in one segment.
    mutating func add(places other: SegmentIndex, in segment: String) {
      if !segments.contains(segment) { segments.insert(segment, at: 0) }
      for (name, place) in other.places where place.segment == segment { places[name] = place }
    }

    /// Segments in which nothing lies any more, and the oldest ones when there is too much.
    private mutating func drop() {
      while places.count > Self.mostBlobs, segments.count > 1, let oldest = segments.last {
        forget(segment: oldest)
      }
      let used = Set(places.values.map(\.segment))
      segments = segments.enumerated().filter { $0.offset == 0 || used.contains($0.element) }
        .map(\.element)
    }

    /// Starts of records are written as they are in the whole segment.
    private func encodeIndex(dataStart: Int) -> [UInt8] {
      var numbers: [String: UInt32] = [:]
      var writer = ByteWriter()
      writer.put(UInt32(segments.count))
      for (number, segment) in segments.enumerated() {
        numbers[segment] = UInt32(number)
        writer.put(segment)
      }
      writer.put(UInt64(dataStart))
      let known = places.filter { numbers[$0.value.segment] != nil }
      writer.put(UInt32(known.count))
      for (name, place) in known {
        writer.bytes += Self.identity(name)
        writer.put(numbers[place.segment] ?? 0)
        writer.put(UInt64(place.start))
        writer.put(UInt64(place.length))
      }
      return writer.bytes
    }

    /// The length of a segment's head, from its beginning.
    static func length(_ beginning: [UInt8]) throws(FormatError) -> Int {
      guard beginning.count >= fixedLength, beginning.starts(with: magic) else {
        throw FormatError("not a segment")
      }
      var reader = ByteReader(beginning[magic.count...])
      guard try reader.take(UInt8.self) == 1 else { throw FormatError("another version") }
      let length = Int(try reader.take(UInt32.self))
      guard length <= longestIndex else { throw FormatError("its index is too long") }
      return fixedLength + length
    }

    init() {}

    /// - Parameter head: of the segment `name`; more may follow.
    init(head: [UInt8], of name: String) throws(FormatError) {
      let length = try Self.length(head)
      guard head.count >= length else { throw FormatError("ends early") }
      let index = head[Self.fixedLength..<length]
      var sum = ByteReader(head[(Self.fixedLength - 8)...])
      guard try sum.take(UInt64.self) == checksum(index) else { throw FormatError("damaged") }
      var reader = ByteReader(index)
      for _ in 0..<(try reader.takeCount(minimum: 4)) { segments.append(try reader.takeText()) }
      guard segments.first == name else { throw FormatError("another segment's") }
      _ = try reader.take(UInt64.self)
      for _ in 0..<(try reader.takeCount(minimum: 53)) {
        let name = try Self.takeName(&reader)
        let segment = Int(try reader.take(UInt32.self))
        let start = try reader.take(UInt64.self)
        let length = try reader.take(UInt64.self)
        guard segments.indices.contains(segment), start < 1 << 40, length < 1 << 40 else {
          throw FormatError("a blob lies nowhere")
        }
        places[name] = Place(
          segment: segments[segment], start: Int(start), length: Int(length))
      }
    }

    // MARK: names

    /// What stands before a blob, so that bytes of another place are not taken for it.
    static func record(_ name: BlobName, length: Int) -> [UInt8] {
      var writer = ByteWriter()
      writer.bytes = identity(name)
      writer.put(UInt64(length))
      return writer.bytes
    }

    private static func identity(_ name: BlobName) -> [UInt8] {
      switch name {
      case .entry(let key): [0] + key.bytes
      case .manifest(let key): [1] + key.bytes
      case .probe: [2] + [UInt8](repeating: 0, count: Digest.byteCount)
      }
    }

    private static func takeName(_ reader: inout ByteReader) throws(FormatError) -> BlobName {
      let kind = try reader.take(UInt8.self)
      let key = try reader.takeDigest()
      switch kind {
      case 0: return .entry(key)
      case 1: return .manifest(key)
      case 2: return .probe
      default: throw FormatError("an unknown kind of blob")
      }
    }
  }
#endif
