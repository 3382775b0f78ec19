import Platform

/// A file's contents on the wire: a zlib stream, and how long it is when inflated.
package struct OutputData: WireValue, Hashable {
  /// A zlib stream; shares the memory of the answer it came in.
  package var compressed: ArraySlice<UInt8>
  /// As the sender claims it, in bytes.
  package var length: UInt64

  /// Why contents were not taken.
  package enum Fault: Error, Sendable, Equatable {
    /// The claimed length is more than the limit.
    case tooLarge(length: UInt64, limit: Int)
    /// No zlib stream, or one of another length than was claimed.
    case damaged
  }

  /// A stream that was made elsewhere, in pieces.
  package init(compressed: ArraySlice<UInt8>, length: UInt64) {
    self.compressed = compressed
    self.length = length
  }

  /// Level 1 is Mozilla's.
  package init(deflating contents: UnsafeRawBufferPointer, level: Int = 1) {
    compressed = Zlib.deflate(contents, level: level)[...]
    length = UInt64(contents.count)
  }

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    compressed = try reader.bytes(field)
    length = try reader.number("\(field).length")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(compressed)
    writer.put(length)
  }

  /// The contents, exactly as many bytes as were claimed and at most `limit`. For what is large, feed
  /// `compressed` to an `Inflater`.
  package func contents(limit: Int) throws(Fault) -> [UInt8] {
    guard length <= UInt64(limit) else { throw .tooLarge(length: length, limit: limit) }
    let contents = compressed.withUnsafeBytes { Zlib.inflate($0, count: Int(length)) }
    guard let contents else { throw .damaged }
    return contents
  }

  var json: JSONValue { .array([.bytes(compressed), .unsigned(length)]) }
}
