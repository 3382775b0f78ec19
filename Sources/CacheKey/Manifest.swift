package import Platform

/// What direct mode knows of one source, command line and place: up to a few results, each with the
/// files that it depends on and the entry that holds its outputs.
///
/// File format, little-endian, version 1:
///   "SCCMAN\n" version:u8 key:32
///   paths: count:u32 (length:u32 bytes)…       as `Places.stored` writes them
///   results: count:u32, newest first, each:
///     entry:32 flags:u8 place:32 if flag 2, presentation:32 if flag 4
///     files: count:u32 (path:u32 exact:32 relaxed:32)…
///     expected: count:u32 (directory:u32 absent:u32 (length:u32 bytes)… present:u32 (…)…)…
///     conditions if flag 8: count:u32 (name: length:u32 bytes, value:32)…
///     cost if flag 16: milliseconds:u32 bytes:u64
///   checksum:u64 XXH3 of everything before
package struct Manifest: Sendable, Equatable {
  package struct File: Sendable, Equatable {
    package var path: String
    package var exact: Digest
    /// The digest that a file may have instead when only comments differ (see `FileVersion`).
    package var relaxed: Digest
    /// For files that are no sources: no text has this digest.
    package static let neverRelaxed = Digest.of(Array("no text but this counts as equal".utf8))

    package init(path: String, exact: Digest, relaxed: Digest) {
      self.path = path
      self.exact = exact
      self.relaxed = relaxed
    }
  }

  /// What beside files a result depends on: a variable of the environment that the source asked for, or
  /// a directory that an output names. What the names stand for is the compiler's.
  package struct Condition: Sendable, Equatable {
    package var name: String
    package var value: Digest

    package init(name: String, value: Digest) {
      self.name = name
      self.value = value
    }
  }

  /// What a result costs to make again, and what it is to be fetched.
  package struct Cost: Sendable, Equatable {
    /// The compiler's run.
    package var milliseconds: UInt32
    /// Of all outputs, unpacked.
    package var bytes: UInt64

    package init(milliseconds: UInt32, bytes: UInt64) {
      self.milliseconds = milliseconds
      self.bytes = bytes
    }
  }

  package struct Result: Sendable, Equatable {
    package var entry: Digest
    /// Nothing was printed, so a changed comment can't show in a diagnostic.
    package var isQuiet: Bool
    /// Set when an output names a directory: the result holds for exactly these places.
    package var place: Digest?
    /// Set when something was printed: the result holds for callers to whom it would look the same.
    package var presentation: Digest?
    package var files: [File]
    package var expected: [ExpectedNames]
    package var conditions: [Condition]
    package var cost: Cost?

    package init(
      entry: Digest, isQuiet: Bool, place: Digest?, presentation: Digest? = nil,
      files: [File], expected: [ExpectedNames], conditions: [Condition] = [], cost: Cost? = nil
    ) {
      self.entry = entry
      self.isQuiet = isQuiet
      self.place = place
      self.presentation = presentation
      self.files = files
      self.expected = expected
      self.conditions = conditions
      self.cost = cost
    }
  }

  package var key: Digest
  /// Newest first.
  package var results: [Result]

  package static let maximumResults = 16
  package static let maximumFilesPerResult = 20_000
  private static let magic = Array("SCCMAN\n".utf8)
  private static let version: UInt8 = 1

  package init(key: Digest, results: [Result] = []) {
    self.key = key
    self.results = results
  }

  /// Puts a result first, in place of one with the same files or entry; the oldest falls out.
  package mutating func add(_ result: Result) {
    results.removeAll { $0.entry == result.entry }
    results.insert(result, at: 0)
    if results.count > Self.maximumResults {
      results.removeLast(results.count - Self.maximumResults)
    }
  }

  package func encode() -> [UInt8] {
    var writer = ByteWriter()
    writer.bytes.append(contentsOf: Self.magic)
    writer.put(Self.version)
    writer.put(key)
    var paths: [ExactText: UInt32] = [:]
    var order: [String] = []
    for result in results {
      for path in result.files.map(\.path) + result.expected.map(\.directory)
      where paths[ExactText(path)] == nil {
        paths[ExactText(path)] = UInt32(order.count)
        order.append(path)
      }
    }
    writer.put(UInt32(order.count))
    for path in order { writer.put(path) }
    writer.put(UInt32(results.count))
    for result in results { encode(result, paths, &writer) }
    writer.put(checksum(writer.bytes))
    return writer.bytes
  }

  private func encode(_ result: Result, _ paths: [ExactText: UInt32], _ writer: inout ByteWriter) {
    writer.put(result.entry)
    writer.put(
      UInt8(
        (result.isQuiet ? 1 : 0) | (result.place == nil ? 0 : 2)
          | (result.presentation == nil ? 0 : 4) | (result.conditions.isEmpty ? 0 : 8)
          | (result.cost == nil ? 0 : 16)))
    if let place = result.place { writer.put(place) }
    if let presentation = result.presentation { writer.put(presentation) }
    writer.put(UInt32(result.files.count))
    for file in result.files {
      writer.put(paths[ExactText(file.path)] ?? 0)
      writer.put(file.exact)
      writer.put(file.relaxed)
    }
    writer.put(UInt32(result.expected.count))
    for expected in result.expected {
      writer.put(paths[ExactText(expected.directory)] ?? 0)
      for names in [expected.absent, expected.present] {
        writer.put(UInt32(names.count))
        for name in names { writer.put(name) }
      }
    }
    if !result.conditions.isEmpty {
      writer.put(UInt32(result.conditions.count))
      for condition in result.conditions {
        writer.put(condition.name)
        writer.put(condition.value)
      }
    }
    if let cost = result.cost {
      writer.put(cost.milliseconds)
      writer.put(cost.bytes)
    }
  }

  /// - Parameter key: the key under which the file was found; a manifest of another key is refused.
  package init(decoding bytes: [UInt8], key: Digest) throws(FormatError) {
    guard bytes.count >= Self.magic.count + 1 + Digest.byteCount + 16,
      bytes.starts(with: Self.magic)
    else { throw FormatError("not a manifest") }
    guard bytes[Self.magic.count] == Self.version else { throw FormatError("another version") }
    let end = bytes.count - 8
    var tail = ByteReader(bytes[end...])
    guard try tail.take(UInt64.self) == checksum(bytes[..<end]) else {
      throw FormatError("checksum differs")
    }
    var reader = ByteReader(bytes[(Self.magic.count + 1)..<end])
    guard try reader.takeDigest() == key else { throw FormatError("another key") }
    var paths: [String] = []
    for _ in 0..<(try reader.takeCount(minimum: 4)) { paths.append(try reader.takeText()) }
    self.init(key: key)
    for _ in 0..<(try reader.takeCount(minimum: 41)) {
      results.append(try Self.decodeResult(&reader, paths))
    }
    guard reader.left == 0 else { throw FormatError("has something behind its end") }
  }

  private static func decodeResult(
    _ reader: inout ByteReader, _ paths: [String]
  ) throws(FormatError) -> Result {
    let entry = try reader.takeDigest()
    let flags = try reader.take(UInt8.self)
    let place = flags & 2 != 0 ? try reader.takeDigest() : nil
    let presentation = flags & 4 != 0 ? try reader.takeDigest() : nil
    var files: [File] = []
    for _ in 0..<(try reader.takeCount(minimum: 68)) {
      let index = Int(try reader.take(UInt32.self))
      guard paths.indices.contains(index) else { throw FormatError("a path is missing") }
      files.append(
        File(path: paths[index], exact: try reader.takeDigest(), relaxed: try reader.takeDigest()))
    }
    var expected: [ExpectedNames] = []
    for _ in 0..<(try reader.takeCount(minimum: 12)) {
      let index = Int(try reader.take(UInt32.self))
      guard paths.indices.contains(index) else { throw FormatError("a path is missing") }
      let absent = try takeNames(&reader)
      let present = try takeNames(&reader)
      expected.append(ExpectedNames(directory: paths[index], absent: absent, present: present))
    }
    var conditions: [Condition] = []
    if flags & 8 != 0 {
      for _ in 0..<(try reader.takeCount(minimum: 36)) {
        conditions.append(Condition(name: try reader.takeText(), value: try reader.takeDigest()))
      }
    }
    let cost =
      flags & 16 != 0
      ? Cost(milliseconds: try reader.take(UInt32.self), bytes: try reader.take(UInt64.self)) : nil
    return Result(
      entry: entry, isQuiet: flags & 1 != 0, place: place, presentation: presentation, files: files,
      expected: expected, conditions: conditions, cost: cost)
  }

  private static func takeNames(_ reader: inout ByteReader) throws(FormatError) -> [String] {
    var names: [String] = []
    for _ in 0..<(try reader.takeCount(minimum: 4)) { names.append(try reader.takeText()) }
    return names
  }
}
