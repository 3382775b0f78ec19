/// Writes bincode 1.3 in its default form; see `BincodeReader`.
package struct BincodeWriter {
  /// From this size on, bytes are not copied: an object file goes out from where it lies.
  private static let sharedSize = 64 << 10

  private var finished: [ArraySlice<UInt8>] = []
  private var current: [UInt8] = []

  package init() {}

  /// What was written, in pieces that follow one another. Large bytes are pieces of their own and
  /// share the memory of the message.
  package var pieces: [ArraySlice<UInt8>] {
    current.isEmpty ? finished : finished + [current[...]]
  }

  /// What was written, in one piece.
  package var bytes: [UInt8] {
    finished.isEmpty ? current : Array(pieces.joined())
  }

  /// A number of fixed width.
  package mutating func put(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { current.append(contentsOf: $0) }
  }

  /// One byte, 0 or 1.
  package mutating func put(_ truth: Bool) {
    current.append(truth ? 1 : 0)
  }

  /// The number of an enumeration's alternative.
  package mutating func putAlternative(_ index: Int) {
    put(UInt32(index))
  }

  /// How many items follow.
  package mutating func putCount(_ count: Int) {
    put(UInt64(count))
  }

  /// Bytes with their count.
  package mutating func put(_ bytes: ArraySlice<UInt8>) {
    putCount(bytes.count)
    putRaw(bytes)
  }

  /// Bytes with their count.
  package mutating func put(_ bytes: [UInt8]) {
    put(bytes[...])
  }

  /// Bytes without a count.
  package mutating func putRaw(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count >= Self.sharedSize else {
      current.append(contentsOf: bytes)
      return
    }
    if !current.isEmpty { finished.append(current[...]) }
    finished.append(bytes)
    current = []
  }

  /// A text in UTF-8 with the count of its bytes.
  package mutating func put(_ text: String) {
    putCount(text.utf8.count)
    current.append(contentsOf: text.utf8)
  }

  /// Texts with their count.
  package mutating func put(_ texts: [String]) {
    putCount(texts.count)
    for text in texts { put(text) }
  }
}
