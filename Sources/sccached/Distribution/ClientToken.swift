import Platform
import Settings
import Synchronization

/// What this client shows the scheduler. A token of `--dist-auth` is read anew when its file changes: a
/// daemon that runs already takes it.
final class ClientToken: Sendable {
  private struct Kept {
    var stamp: FileStamp?
    var token: Secret?
  }

  private let authentication: DistributionSettings.Authentication
  private let path: String
  private let kept = Mutex(Kept())

  init(_ settings: Settings) {
    authentication = settings.distribution.authentication
    path = settings.cachedConfigurationPath
  }

  /// Nil until somebody has signed in.
  var current: Secret? {
    switch authentication {
    case .token(let token): return token
    case .oauth2CodeGrantPKCE(_, let authority, _), .oauth2Implicit(_, let authority):
      guard let stamp = FileStamp(path: path) else { return nil }
      return kept.withLock { kept in
        if kept.stamp != stamp {
          kept = Kept(stamp: stamp, token: read(authority))
        }
        return kept.token
      }
    }
  }

  private func read(_ authority: String) -> Secret? {
    guard let bytes = try? Files.read(path, limit: 1 << 20),
      let text = String(validating: bytes, as: UTF8.self),
      let cached = try? CachedConfiguration(path: path, text: text)
    else { return nil }
    return cached.authTokens[authority]
  }
}
