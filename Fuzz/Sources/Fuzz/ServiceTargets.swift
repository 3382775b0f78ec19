@testable import Farm
@testable import FarmServices
@testable import Platform
@testable import Settings

/// What the scheduler and a build server read of strangers, beside the messages.
enum ServiceTargets {
  private static let inputLimit = 1 << 16

  /// The body of run_job as it comes from the network: the first byte tells how it is cut into pieces.
  static func runJobBody(_ bytes: [UInt8]) {
    guard let receiver = try? RunJobReceiver(in: "/dev/shm", limit: inputLimit) else {
      fatalError("no place for the inputs")
    }
    let length = max(1, Int(bytes.first ?? 1))
    var rest = bytes.dropFirst()
    do {
      while !rest.isEmpty {
        try receiver.take(Array(rest.prefix(length)))
        rest = rest.dropFirst(length)
      }
      let header = try receiver.finish()
      precondition((try? RunJobHeader(body: header.body)) == header)
      let inputs = try receiver.spool.file.readAll(path: "inputs", limit: inputLimit + 1)
      precondition(inputs.count <= inputLimit)
    } catch {
      return
    }
  }

  /// The two tokens of key sets: a signed one, and the set. No key of any set verifies what a fuzzer
  /// signs, so the claims are looked at apart.
  static func webTokens(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let parts = WebTokenClients.parts(of: text) {
      precondition(!parts.signature.isEmpty || text.hasSuffix("."))
    }
    let claims = Base64URL.encode(bytes)
    for header in ["{\"alg\":\"RS256\",\"kid\":\"a\"}", "{\"alg\":\"PS512\",\"kid\":\"\"}"] {
      let token = "\(Base64URL.encode(header.utf8)).\(claims).AAAA"
      guard let parts = WebTokenClients.parts(of: token) else { continue }
      _ = WebTokenClients.isValid(
        parts.claims, audience: "sccache", issuer: "issuer", now: 1_800_000_000)
    }
    for key in (KeySet.keys(in: bytes) ?? [:]).values {
      precondition((256...1024).contains(key.modulus.count) && (1...8).contains(key.exponent.count))
      _ = key.verifies([UInt8](repeating: 1, count: key.modulus.count), of: [1], .rs256)
    }
  }

  /// The files of scheduler and server, and the one in which tokens are kept.
  static func farmSettings(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for path in ["/work/config", "/work/config.json"] {
      _ = try? SchedulerSettings(path: path, text: text)
      _ = try? BuildServerSettings(path: path, text: text)
      if let kept = try? CachedConfiguration(path: path, text: text) {
        precondition((try? CachedConfiguration(path: "/work/config", text: kept.text)) == kept)
      }
    }
  }
}
