import Glibc
import Platform
import TestSupport

/// Who signs the tokens of clients where the scheduler checks them by a key set: an issuer with one key in
/// the set, and one that is not in it.
final class TokenAuthority {
  struct Failure: Error, CustomStringConvertible { var description: String }

  enum Key: String { case known, foreign }

  private let directory: String
  private let port: UInt16
  private let server: BackgroundProcess

  init() throws {
    var template = Array("/tmp/sccauth-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("make directory", "/tmp/sccauth-") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    port = try Loopback.freePort()
    mkdir(directory + "/public", 0o755)
    server = try BackgroundProcess(
      try Programs.find("python3"),
      [
        "-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", directory + "/public",
      ],
      environment: ["PATH": Programs.searchPath], log: directory + "/log")
    for key in [Key.known, .foreign] { try openssl(["genrsa", "-out", path(key), "2048"]) }
    let text = String(
      decoding: try openssl(["rsa", "-in", path(.known), "-noout", "-modulus"]), as: UTF8.self)
    let digits = Array(text.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst())
      .filter { $0 > UInt8(ascii: " ") }
    let modulus = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
    }
    let set =
      "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"\(Base64URL.encode(modulus))\",\"e\":\"AQAB\"}]}"
    let place = directory + "/public/keys"
    try Files.write(Array(set.utf8), to: place, temporary: place + ".new", mode: 0o644)
  }

  deinit {
    server.stop()
    _ = try? Spawn.run(
      "/bin/rm", ["-rf", directory], environment: [], directory: "/", timeoutSeconds: 30)
  }

  /// For `[client_auth]`.
  var settings: String {
    """
    type = "jwt_validate"
    audience = "farm"
    issuer = "https://issuer"
    jwks_url = "http://127.0.0.1:\(port)/keys"
    """
  }

  /// A token that is good from and until so many seconds from now.
  func token(
    from start: Int64 = -600, until end: Int64 = 600, signedBy key: Key = .known
  ) throws -> String {
    let now = Clock.now / 1_000_000_000
    let header = Base64URL.encode("{\"alg\":\"RS256\",\"kid\":\"k\"}".utf8)
    let claims = Base64URL.encode(
      "{\"aud\":\"farm\",\"iss\":\"https://issuer\",\"nbf\":\(now + start),\"exp\":\(now + end)}"
        .utf8)
    let text = "\(header).\(claims)"
    let message = directory + "/message"
    try Files.write(Array(text.utf8), to: message, temporary: message + ".new", mode: 0o600)
    let signature = try openssl(["dgst", "-sha256", "-sign", path(key), message])
    return "\(text).\(Base64URL.encode(signature))"
  }

  private func path(_ key: Key) -> String { "\(directory)/\(key.rawValue).pem" }

  @discardableResult
  private func openssl(_ arguments: [String]) throws -> [UInt8] {
    let result = try Spawn.run(
      try Programs.find("openssl"), arguments,
      environment: [Array("PATH=\(Programs.searchPath)".utf8), Array("HOME=\(directory)".utf8)],
      directory: directory, timeoutSeconds: 60)
    guard result.isSuccess else {
      throw Failure(description: "openssl \(arguments[0]): \(result.errorText)")
    }
    return result.output
  }
}
