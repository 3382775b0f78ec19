import Platform
import ServerTestSupport
import Settings
import Synchronization
import TestSupport
import Testing
import Transport
import WebServer

@testable import FarmServices

/// Serialized: the key signs one text at a time.
@Suite(.serving, .serialized) struct WebTokenClientTests {
  private static let claims = [
    "aud": "\"farm\"", "iss": "\"https://issuer\"", "exp": "@600", "nbf": "@-600",
  ]

  struct Case: Sendable, CustomTestStringConvertible {
    var what: String
    var isGood = false
    var algorithm = "RS256"
    /// Instead of the algorithm's name.
    var header: String?
    /// Empty: the claim is left out. `@20`: in 20 seconds.
    var changes: [String: String] = [:]
    var testDescription: String { what }
  }

  private static let cases: [Case] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map {
      Case(what: $0, isGood: true, algorithm: $0)
    }
    + ["aud", "iss", "exp", "nbf"].map { Case(what: "without \($0)", changes: [$0: ""]) }
    + [
      Case(what: "one of several audiences", isGood: true, changes: ["aud": "[\"x\",\"farm\"]"]),
      Case(what: "claims that nobody asks for", isGood: true, changes: ["sub": "{\"a\":[1]}"]),
      Case(what: "an hour with a fraction", isGood: true, changes: ["exp": "@600.5"]),
      Case(what: "ended within the leeway", isGood: true, changes: ["exp": "@-20"]),
      Case(what: "begins within the leeway", isGood: true, changes: ["nbf": "@20"]),
      Case(what: "another audience", changes: ["aud": "\"other\""]),
      Case(what: "other audiences", changes: ["aud": "[\"x\",\"y\"]"]),
      Case(what: "no audience at all", changes: ["aud": "[]"]),
      Case(what: "an audience in a table", changes: ["aud": "{\"farm\":\"farm\"}"]),
      Case(what: "another issuer", changes: ["iss": "\"https://issuer/\""]),
      Case(what: "issuers", changes: ["iss": "[\"https://issuer\"]"]),
      Case(what: "ended", changes: ["exp": "@-120"]),
      Case(what: "ends at no time", changes: ["exp": "null"]),
      Case(what: "its end is a text", changes: ["exp": "\"@600\""]),
      Case(what: "its end is beyond numbers", changes: ["exp": "1e400"]),
      Case(what: "not yet", changes: ["nbf": "@600"]),
      Case(what: "its begin is a text", changes: ["nbf": "\"0\""]),
      Case(
        what: "PS256 called RS256", algorithm: "PS256", header: "{\"alg\":\"RS256\",\"kid\":\"k\"}"),
      Case(what: "RS256 called PS256", header: "{\"alg\":\"PS256\",\"kid\":\"k\"}"),
      Case(what: "RS256 called RS512", header: "{\"alg\":\"RS512\",\"kid\":\"k\"}"),
      Case(what: "RS256 called HS256", header: "{\"alg\":\"HS256\",\"kid\":\"k\"}"),
      Case(what: "RS256 called none", header: "{\"alg\":\"none\",\"kid\":\"k\"}"),
      Case(what: "RS256 called ES256", header: "{\"alg\":\"ES256\",\"kid\":\"k\"}"),
      Case(what: "lower case", header: "{\"alg\":\"rs256\",\"kid\":\"k\"}"),
      Case(what: "no algorithm", header: "{\"kid\":\"k\"}"),
      Case(what: "another key", header: "{\"alg\":\"RS256\",\"kid\":\"other\"}"),
      Case(what: "an unknown key", header: "{\"alg\":\"RS256\",\"kid\":\"nobody\"}"),
      Case(what: "no key", header: "{\"alg\":\"RS256\"}"),
      Case(what: "critical", header: "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[\"b64\"]}"),
      Case(what: "a key only for PS256", header: "{\"alg\":\"RS256\",\"kid\":\"pss\"}"),
      Case(what: "a key for encryption", header: "{\"alg\":\"RS256\",\"kid\":\"enc\"}"),
    ]

  @Test(arguments: cases)
  func tokens(of it: Case) async throws {
    let key = try SigningKey.shared.get()
    let text = try token(it, key)
    let accepted = try await withClients { await $0.accepts(text) }
    #expect(accepted == it.isGood)
  }

  /// Times count from the moment at which the token is made: the cases may be listed long before.
  private static func dated(_ value: String) -> String {
    guard let mark = value.firstIndex(of: "@") else { return value }
    let digits = value[value.index(after: mark)...].prefix { $0 == "-" || $0.isNumber }
    let moment = Clock.now / 1_000_000_000 + (Int64(digits) ?? 0)
    return value[..<mark] + "\(moment)" + value[digits.endIndex...]
  }

  private func token(_ it: Case, _ key: SigningKey) throws -> String {
    let header = it.header ?? "{\"alg\":\"\(it.algorithm)\",\"kid\":\"k\",\"typ\":\"JWT\"}"
    let claims = Self.claims.merging(it.changes) { $1 }
      .filter { !$0.value.isEmpty }.map { "\"\($0.key)\":\(Self.dated($0.value))" }.joined(
        separator: ",")
    let text = Self.unsigned(header, "{\(claims)}")
    return "\(text).\(Base64URL.encode(try key.sign(text, it.algorithm)))"
  }

  private static func unsigned(_ header: String, _ claims: String) -> String {
    "\(Base64URL.encode(header.utf8)).\(Base64URL.encode(claims.utf8))"
  }

  /// The classic attacks: no signature, and one made with what everybody knows.
  @Test func confusedAlgorithms() async throws {
    let key = try SigningKey.shared.get()
    let claims = Self.claims.map { "\"\($0.key)\":\(Self.dated($0.value))" }.joined(separator: ",")
    var tokens: [String] = []
    for name in ["none", "None", "NONE", ""] {
      let text = Self.unsigned("{\"alg\":\"\(name)\",\"kid\":\"k\"}", "{\(claims)}")
      tokens += [text + ".", text, text + ".AAAA"]
    }
    let text = Self.unsigned("{\"alg\":\"HS256\",\"kid\":\"k\"}", "{\(claims)}")
    for secret in [try key.publicPEM(), key.modulus, []] {
      let code = MessageAuthentication.code(key: secret, message: text.utf8)
      tokens.append("\(text).\(Base64URL.encode(code))")
    }
    let all = tokens
    let accepted = try await withClients { clients in
      var accepted: [String] = []
      for token in all where await clients.accepts(token) { accepted.append(token) }
      return accepted
    }
    #expect(accepted == [])
  }

  @Test func noLetterMayChange() async throws {
    let good = try token(Case(what: ""), try SigningKey.shared.get())
    let accepted = try await withClients { clients in
      var accepted = 0
      for place in stride(from: 0, to: good.utf8.count, by: 7) {
        var letters = Array(good.utf8)
        letters[place] = letters[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        if await clients.accepts(String(decoding: letters, as: UTF8.self)) { accepted += 1 }
      }
      for text in [good + "A", good + ".", "." + good, String(good.dropLast(3)), "", "..", "a.b.c"]
      where await clients.accepts(text) {
        accepted += 1
      }
      return accepted
    }
    #expect(accepted == 0)
  }

  @Test func unknownKeysAskTheSetOnce() async throws {
    let text = try token(
      Case(what: "", header: "{\"alg\":\"RS256\",\"kid\":\"nobody\"}"), try SigningKey.shared.get())
    let questions = Counter()
    _ = try await withClients(questions) { clients in
      for _ in 0..<20 { _ = await clients.accepts(text) }
    }
    #expect(questions.count == 1)
  }

  @Test func weakKeysAreNotInTheSet() throws {
    let weak = try SigningKey(bits: 1024)
    let keys = try #require(KeySet.keys(in: Array(Self.set([("weak", weak, "")]).utf8)))
    #expect(keys.isEmpty)
    #expect(KeySet.keys(in: Array("{}".utf8)) == nil)
    #expect(KeySet.keys(in: Array("[]".utf8)) == nil)
    #expect(KeySet.keys(in: [0xff]) == nil)
  }

  final class Counter: Sendable {
    private let value = Atomic(0)
    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.wrappingAdd(1, ordering: .relaxed) }
  }

  private static func set(_ keys: [(name: String, key: SigningKey, more: String)]) -> String {
    let entries = keys.map { name, key, more in
      "{\"kty\":\"RSA\",\"kid\":\"\(name)\",\"n\":\"\(Base64URL.encode(key.modulus))\","
        + "\"e\":\"AQAB\"\(more)}"
    }
    return "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"k\"},\(entries.joined(separator: ","))]}"
  }

  private func withClients<Result: Sendable>(
    _ questions: Counter = Counter(),
    _ body: @escaping @Sendable (WebTokenClients) async throws -> Result
  ) async throws -> Result {
    let key = try SigningKey.shared.get()
    let set = Self.set([
      ("k", key, ""), ("other", try SigningKey.other.get(), ""), ("pss", key, ",\"alg\":\"PS256\""),
      ("enc", key, ",\"use\":\"enc\""),
    ])
    return try await serving { _, _, _ in
      questions.add()
      return HTTPReply(status: 200, body: Array(set.utf8))
    } _: { port in
      try await body(
        WebTokenClients(
          audience: "farm", issuer: "https://issuer",
          keys: KeySet(
            url: "http://127.0.0.1:\(port)/keys", client: HTTPClient(),
            threads: BlockingThreads(limit: 2), logger: silence)))
    }
  }
}
