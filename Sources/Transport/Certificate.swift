import CCrypto
import Platform

/// A certificate that a build server makes for itself at each start (dist-protocol: "Server
/// certificate"): EC P-256, signed with SHA-256, valid for its address alone.
package struct SelfSignedCertificate: Sendable {
  package var certificatePEM: [UInt8]
  package var keyPEM: [UInt8]
  /// SHA-256 of the certificate's DER.
  package var digest: [UInt8]

  package enum Failure: Error, Sendable, CustomStringConvertible {
    case openSSL(String)
    package var description: String {
      switch self {
      case .openSSL(let step): "OpenSSL could not make a certificate: \(step)"
      }
    }
  }

  /// - Parameters:
  ///   - address: `IP:PORT`, the common name.
  ///   - ip: the address alone, as text, for the alternative name.
  ///   - nonce: makes the subject unlike any other's: a client that keeps several certificates with one
  ///     subject takes any of them.
  package init(address: String, ip: String, nonce: UInt64, days: Int32 = 365) throws(Failure) {
    var made = ccrypto_certificate()
    let failure = ccrypto_self_signed(
      address, "IP:\(ip)", String(nonce, radix: 16), nonce, days, &made)
    if let failure { throw .openSSL(String(cString: failure)) }
    defer { ccrypto_free_certificate(&made) }
    certificatePEM = Array(
      UnsafeBufferPointer(start: made.certificate, count: made.certificate_length))
    keyPEM = Array(UnsafeBufferPointer(start: made.key, count: made.key_length))
    digest = withUnsafeBytes(of: made.digest) { Array($0) }
  }

  /// SHA-256 of the DER of the first certificate in a PEM text; nil when there is none.
  package static func digest(ofPEM pem: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 32)
    let isRead = pem.withUnsafeBytes { bytes in
      ccrypto_digest_of_pem(bytes.baseAddress, Int32(clamping: bytes.count), &digest)
    }
    return isRead == 1 ? digest : nil
  }
}
