import CCrypto

/// HMAC-SHA-256 (RFC 2104) over one message.
package enum MessageAuthentication {
  /// 32 bytes. Any length of key is taken, as RFC 2104 says.
  package static func code(key: [UInt8], message: some Sequence<UInt8>) -> [UInt8] {
    let message = Array(message)
    // HMAC takes a null key for "as last time". A key is padded with zeros, so this is the same one.
    let key = key.isEmpty ? [0] : key
    var length: UInt32 = 0
    let code = [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { code, filled in
      let made = HMAC(
        EVP_sha256(), key, Int32(key.count), message, message.count, code.baseAddress, &length)
      filled = made == nil ? 0 : Int(length)
    }
    guard code.count == Digest.byteCount else {
      fatalError("OpenSSL gives no HMAC-SHA-256: out of memory, or a crypto policy forbids it")
    }
    return code
  }
}

/// Whether two secrets are the same, in a time that depends on their lengths alone: where the first
/// difference lies must not show, or a secret could be guessed byte by byte.
package func isEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

/// The same for texts; `==` of `String` would also take composed and decomposed letters for equal.
package func isEqualInConstantTime(_ left: String, _ right: String) -> Bool {
  isEqualInConstantTime(Array(left.utf8), Array(right.utf8))
}
