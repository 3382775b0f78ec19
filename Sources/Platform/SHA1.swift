import CCrypto

/// SHA-1, for signatures of requests that clouds defined with it long ago. Nothing of ours may rest on it.
package enum SHA1 {
  private static let byteCount = 20

  /// 40 lower-case hexadecimal digits.
  package static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    let digest = [UInt8](unsafeUninitializedCapacity: byteCount) { digest, filled in
      let isMade = EVP_Digest(bytes, bytes.count, digest.baseAddress, nil, EVP_sha1(), nil) == 1
      filled = isMade ? byteCount : 0
    }
    return Hexadecimal.encode(checked(digest))
  }

  /// HMAC-SHA-1 (RFC 2104): 20 bytes.
  package static func code(key: [UInt8], message: some Sequence<UInt8>) -> [UInt8] {
    let message = Array(message)
    // HMAC takes a null key for "as last time". A key is padded with zeros, so this is the same one.
    let key = key.isEmpty ? [0] : key
    var length: UInt32 = 0
    let code = [UInt8](unsafeUninitializedCapacity: byteCount) { code, filled in
      let made = HMAC(
        EVP_sha1(), key, Int32(key.count), message, message.count, code.baseAddress, &length)
      filled = made == nil ? 0 : Int(length)
    }
    return checked(code)
  }

  private static func checked(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count == byteCount else {
      fatalError("OpenSSL gives no SHA-1: out of memory, or a crypto policy forbids it")
    }
    return bytes
  }
}

/// Bytes as lower-case hexadecimal digits.
package enum Hexadecimal {
  package static func encode(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
