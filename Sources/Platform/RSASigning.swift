import CCrypto

/// Signing with a private RSA key: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017), which JSON Web Tokens call
/// RS256.
package enum RSASigning {
  /// Nil when the text holds no private RSA key that needs no password.
  ///
  /// - Parameter key: PEM, PKCS #8 or PKCS #1.
  package static func signature(key: String, message: [UInt8]) -> [UInt8]? {
    let pem = Array(key.utf8)
    var signature = [UInt8](repeating: 0, count: 1024)
    let count = ccrypto_rsa_sign(
      pem, pem.count, message, message.count, &signature, signature.count)
    return count > 0 ? Array(signature.prefix(count)) : nil
  }
}
