import Settings

/// The keys of a cloud that come from two or three variables and stay as they are.
struct CloudKeys: Sendable, Equatable {
  var id: String
  var secret: Secret
  /// Of temporary ones.
  var token: Secret?

  /// - Parameter tokens: names of variables that may hold the token; the first that is set is taken.
  static func read(
    _ context: BackendContext, id: String, secret: String, tokens: [String]
  ) -> CloudKeys? {
    func setting(_ name: String) -> String? {
      context.variable(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let id = setting(id), let secret = setting(secret) else { return nil }
    let token = tokens.lazy.compactMap(setting).first
    return CloudKeys(id: id, secret: Secret(secret), token: token.map { Secret($0) })
  }
}
