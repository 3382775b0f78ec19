/// Servers of S3.
package enum S3Servers {
  /// moto with its checks of signatures and rights, and with the bucket `cache`.
  package struct Moto {
    /// The process.
    package let server: TestServer
    /// The key of a user who may do everything with it.
    package let id: String
    /// The secret of the key.
    package let secret: String
    /// A role that may do the same.
    package let role: String
  }

  /// Starts it; it can be asked when this returns.
  package static func moto() throws -> Moto {
    let server = try TestServer.stub("s3-moto.py", service: "moto")
    let words = try server.text(of: "ready").split(separator: "\n").map(String.init)
    return Moto(server: server, id: words[0], secret: words[1], role: words[2])
  }
}
