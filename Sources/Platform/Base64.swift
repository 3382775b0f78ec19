import CCrypto

/// Base64 with padding (RFC 4648, section 4), by OpenSSL: what HTTP's headers and the clouds' keys use.
package enum Base64 {
  package static func encode(_ bytes: [UInt8]) -> String {
    let room = (bytes.count + 2) / 3 * 4 + 1
    let text = [UInt8](unsafeUninitializedCapacity: room) { text, filled in
      filled = max(0, Int(EVP_EncodeBlock(text.baseAddress, bytes, Int32(bytes.count))))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for any other letter, and for a length or padding that cannot be.
  package static func decode(_ text: String) -> [UInt8]? {
    let letters = Array(text.utf8)
    // OpenSSL allows white space at both ends.
    guard letters.count % 4 == 0, letters.allSatisfy({ $0 > 0x20 }) else { return nil }
    let padding = letters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    var isGood = true
    let bytes = [UInt8](unsafeUninitializedCapacity: letters.count / 4 * 3 + 1) { bytes, filled in
      let count = EVP_DecodeBlock(bytes.baseAddress, letters, Int32(letters.count))
      isGood = count >= 0
      filled = max(0, Int(count) - padding)
    }
    return isGood ? bytes : nil
  }
}
