import Platform
import ServerTestSupport
import TestSupport
import Testing
import Transport
import WebServer

/// A server is who the scheduler says it is: by its certificate, and by nothing else.
@Suite(.serving) struct PinnedCertificateTests {
  private func certificate(
    ip: String = "127.0.0.1", nonce: UInt64 = 1, days: Int32 = 2
  ) throws -> SelfSignedCertificate {
    try SelfSignedCertificate(address: "\(ip):10501", ip: ip, nonce: nonce, days: days)
  }

  private func outcome(
    server: SelfSignedCertificate, pinned: [UInt8]?, host: String = "127.0.0.1"
  ) async throws -> String {
    let identity = HTTPServerIdentity(certificates: server.certificatePEM, key: server.keyPEM)
    return try await serving(identity: identity) { _, _, _ in
      HTTPReply(status: 200)
    } _: { port in
      var question = HTTPQuestion(.get, "https://\(host):\(port)/")
      question.pinnedCertificate = pinned
      return await ask(question).kind
    }
  }

  @Test func theRightOne() async throws {
    let server = try certificate()
    #expect(try await outcome(server: server, pinned: server.certificatePEM) == "answer")
  }

  /// One of a server that was restarted at the same address has the same names, but for the nonce.
  @Test func anotherOne() async throws {
    let server = try certificate()
    for other in [try certificate(nonce: 2), try certificate(nonce: 1)] {
      #expect(try await outcome(server: server, pinned: other.certificatePEM) == "untrusted")
    }
  }

  @Test func whatTheSystemTrustsIsNotEnough() async throws {
    let server = try certificate()
    #expect(try await outcome(server: server, pinned: nil) == "untrusted")
    for text in ["", "no certificate"] {
      #expect(try await outcome(server: server, pinned: Array(text.utf8)) != "answer")
    }
  }

  @Test func anExpiredOne() async throws {
    let server = try certificate(days: -1)
    #expect(try await outcome(server: server, pinned: server.certificatePEM) == "untrusted")
  }

  @Test func oneForAnotherAddress() async throws {
    let server = try certificate(ip: "127.0.0.2")
    #expect(try await outcome(server: server, pinned: server.certificatePEM) == "untrusted")
  }

  /// A kept connection must not serve a question that trusts somebody else.
  @Test func aKeptConnectionIsNotUsedForAnotherCertificate() async throws {
    let server = try certificate()
    let other = try certificate(nonce: 2)
    let identity = HTTPServerIdentity(certificates: server.certificatePEM, key: server.keyPEM)
    try await serving(identity: identity) { _, _, _ in
      HTTPReply(status: 200)
    } _: { port in
      let client = HTTPClient()
      var question = HTTPQuestion(.get, "https://127.0.0.1:\(port)/")
      for (pinned, kind) in [
        (server.certificatePEM, "answer"), (other.certificatePEM, "untrusted"),
        (server.certificatePEM, "answer"), (nil, "untrusted"),
      ] {
        question.pinnedCertificate = pinned
        #expect(await ask(question, client: client).kind == kind)
      }
    }
  }

  @Test func digests() throws {
    let one = try certificate()
    #expect(SelfSignedCertificate.digest(ofPEM: one.certificatePEM) == one.digest)
    #expect(SelfSignedCertificate.digest(ofPEM: Array("x\n".utf8) + one.certificatePEM) != nil)
    #expect(SelfSignedCertificate.digest(ofPEM: one.keyPEM) == nil)
    #expect(SelfSignedCertificate.digest(ofPEM: []) == nil)
    #expect(try certificate(nonce: 1).digest != one.digest)
  }
}
