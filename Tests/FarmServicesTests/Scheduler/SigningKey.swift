import Platform
import TestSupport
import Testing

/// An RSA key that the openssl program made, and signs with: what verifies it shall not be what it was
/// made with.
final class SigningKey: Sendable {
  private let directory = TemporaryDirectory()
  let modulus: [UInt8]

  /// Made once for all tests: it takes a while.
  static let shared = Result { try SigningKey() }
  static let other = Result { try SigningKey() }

  init(bits: Int = 2048) throws {
    let key = directory("key.pem")
    _ = try Self.openssl([
      "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)", "-out", key,
    ])
    let text = try Self.openssl(["rsa", "-in", key, "-noout", "-modulus"])
    let hex = String(decoding: text, as: UTF8.self).split(separator: "=").last ?? ""
    let digits = hex.compactMap { $0.hexDigitValue }
    modulus = stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  /// The public key in PEM.
  func publicPEM() throws -> [UInt8] {
    try Self.openssl(["pkey", "-in", directory("key.pem"), "-pubout"])
  }

  /// - Parameter algorithm: RS256, PS384 …
  func sign(_ text: String, _ algorithm: String) throws -> [UInt8] {
    try directory.write("text", text)
    var options = ["-sha\(algorithm.suffix(3))", "-sign", directory("key.pem")]
    if algorithm.hasPrefix("PS") {
      options += ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    }
    return try Self.openssl(["dgst"] + options + [directory("text")])
  }

  private static func openssl(_ arguments: [String]) throws -> [UInt8] {
    let result = try Spawn.run(
      "/usr/bin/openssl", arguments, environment: [], directory: "/", timeoutSeconds: 60)
    try #require(result.isSuccess, "openssl: \(String(decoding: result.errors, as: UTF8.self))")
    return result.output
  }
}
