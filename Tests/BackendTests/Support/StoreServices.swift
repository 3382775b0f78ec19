import Glibc
import Settings
import Storage
import StoreServers
import TestSupport

extension StoreServer {
  /// What a daemon with these variables asks: nothing of the machine's own environment gets in.
  func service(_ environment: [String: String]) throws -> any BlobService {
    // As the daemon does: OpenSSL writes to sockets whose other end may be gone.
    signal(SIGPIPE, SIG_IGN)
    let settings = try Settings.load(environment: environment, home: server.directory.path) { _ in
      nil
    }
    guard case .remote(let store)? = settings.levels.first else { throw NotConfigured() }
    return try BlobServices.service(for: store, BackendContext(variable: { environment[$0] }))
  }

  private struct NotConfigured: Error {}
}
