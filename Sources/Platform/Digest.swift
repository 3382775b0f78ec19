import CCrypto
import CXXHash

/// A SHA-256 digest.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
  private var words: (UInt64, UInt64, UInt64, UInt64)

  package static let byteCount = 32

  /// Nil unless there are 32 bytes.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    words = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
  }

  init(_ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    words = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { buffer in
      buffer.withMemoryRebound(to: UInt8.self) { bytes in
        if let start = bytes.baseAddress { fill(start) }
      }
    }
  }

  /// Nil unless there are 64 hexadecimal digits.
  package init?(hex: some StringProtocol) {
    let digits = hex.utf8.map { byte -> UInt8? in
      switch byte {
      case 0x30...0x39: byte - 0x30
      case 0x61...0x66: byte - 0x61 + 10
      default: nil
      }
    }
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[index], let low = digits[index + 1] else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes: bytes)
  }

  package static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

  package func hash(into hasher: inout Swift.Hasher) {
    // Uniformly distributed already.
    hasher.combine(words.0)
  }

  package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeBytes(of: words) { body($0) }
  }

  /// 64 lower-case hexadecimal digits.
  package var description: String {
    String(unsafeUninitializedCapacity: 64) { text in
      withBytes { bytes in
        for (index, byte) in bytes.enumerated() {
          text[2 * index] = Self.digit(byte >> 4)
          text[2 * index + 1] = Self.digit(byte & 15)
        }
      }
      return 64
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : 0x61 + value - 10
  }

  package static func of(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  package static func of(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { of($0) }
  }
}

/// SHA-256 in pieces. Fields are fed with their lengths, so that no two sequences of fields give the
/// same bytes.
package struct SHA256: ~Copyable {
  private let context: OpaquePointer

  package init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, Algorithm.sha256, nil) == 1
    else { fatalError("OpenSSL gives no SHA-256: out of memory, or a crypto policy forbids it") }
    self.context = context
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  package mutating func field(_ bytes: UnsafeRawBufferPointer) {
    field(UInt64(bytes.count))
    update(bytes)
  }

  package mutating func field(_ text: String) {
    var text = text
    text.withUTF8 { field(UnsafeRawBufferPointer($0)) }
  }

  package mutating func field(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { field($0) }
  }

  package mutating func field(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { update($0) }
  }

  package mutating func field(_ digest: Digest) {
    digest.withBytes { update($0) }
  }

  package mutating func field(_ list: [String]) {
    field(UInt64(list.count))
    for text in list { field(text) }
  }

  package mutating func finish() -> Digest {
    Digest { EVP_DigestFinal_ex(context, $0, nil) }
  }
}

/// Looked up once: OpenSSL 3 otherwise searches for the algorithm at every call.
private enum Algorithm {
  // Immutable after its first use, and OpenSSL's fetched algorithms may be shared by threads.
  nonisolated(unsafe) static let sha256 = EVP_MD_fetch(nil, "SHA256", nil)
}

/// A fast checksum against damage (not against an enemy): XXH3, 64 bits.
package func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  cxxhash_64(bytes.baseAddress, bytes.count)
}

package func checksum(_ bytes: [UInt8]) -> UInt64 {
  bytes.withUnsafeBytes { checksum($0) }
}

package func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.withUnsafeBytes { checksum($0) }
}

/// The same checksum in pieces.
package struct RunningChecksum: ~Copyable {
  private let state: UnsafeMutableRawPointer

  package init() {
    guard let state = cxxhash_new() else {
      fatalError("out of memory for 576 bytes of checksum state")
    }
    self.state = state
  }

  deinit {
    cxxhash_free(state)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    cxxhash_update(state, bytes.baseAddress, bytes.count)
  }

  package func value() -> UInt64 {
    cxxhash_digest(state)
  }
}

/// A checksum that is wide enough to stand for a content that nobody forges: XXH3, 128 bits.
package struct WideChecksum: ~Copyable {
  private let state: UnsafeMutableRawPointer

  package init() {
    guard let state = cxxhash128_new() else {
      fatalError("out of memory for 576 bytes of checksum state")
    }
    self.state = state
  }

  deinit {
    cxxhash_free(state)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    cxxhash128_update(state, bytes.baseAddress, bytes.count)
  }

  /// 16 bytes.
  package func value() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, filled in
      if let start = buffer.baseAddress { cxxhash128_digest(state, start) }
      filled = 16
    }
  }
}
