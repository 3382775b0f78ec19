#if WebDAV
  import Platform
  import Settings
  import Synchronization
  import Transport

  /// WebDAV, or any HTTP server that takes PUT (RFC 4918 for MKCOL).
  ///
  /// A blob is put at once; only when the server lacks its directory are the directories made, each once in
  /// a process.
  struct WebDAVBlobs: BlobService {
    private let http: HTTPBlobs
    /// Ends with a slash.
    private let base: String
    private let prefix: String
    private let authorization: String?
    private let made = KnownDirectories()

    init(_ settings: WebDAVSettings, _ context: BackendContext) throws(BackendProblem) {
      guard settings.endpoint.hasPrefix("http://") || settings.endpoint.hasPrefix("https://") else {
        throw BackendProblem(
          "SCCACHE_WEBDAV_ENDPOINT: '\(settings.endpoint)' is no address that begins with http:// or "
            + "https://")
      }
      http = context.http
      base = settings.endpoint.hasSuffix("/") ? settings.endpoint : settings.endpoint + "/"
      let middle = settings.keyPrefix.split(separator: "/").joined(separator: "/")
      prefix = middle.isEmpty ? "" : middle + "/"
      if let token = settings.token {
        authorization = "Bearer \(token.value)"
      } else if let username = settings.username {
        authorization =
          "Basic "
          + Base64.encode(Array("\(username):\(settings.password?.value ?? "")".utf8))
      } else {
        authorization = nil
      }
    }

    var location: String { "webdav, name: , prefix: /\(prefix)" }

    private func question(_ method: HTTPQuestion.Method, _ path: String) -> HTTPQuestion {
      var question = HTTPQuestion(method, base + path)
      if let authorization { question.headers = [("authorization", authorization)] }
      return question
    }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      try http.fetch(question(.get, prefix + name.path), into: sink, deadlines)
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      let path = prefix + name.path
      do throws(BlobFailure) {
        try http.send(question(.put, path), blob, deadlines)
      } catch {
        guard case .failed = error else { throw error }
        guard try makeDirectories(of: path, deadlines) else { throw error }
        try http.send(question(.put, path), blob, deadlines)
      }
    }

    /// - Returns: whether one was missing, as far as is known.
    private func makeDirectories(
      of path: String, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      var directory = ""
      var someWereNew = false
      for part in path.split(separator: "/").dropLast() {
        directory += part + "/"
        guard made.insert(directory) else { continue }
        let answer = try http.ask(question(.makeCollection, directory), deadlines)
        switch answer.status {
        case 200..<300: someWereNew = true
        // It is there already.
        case 405: continue
        default:
          made.remove(directory)
          throw HTTPBlobs.failure(answer)
        }
      }
      return someWereNew
    }

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      let answer = try http.ask(question(.delete, prefix + name.path), deadlines)
      guard 200..<300 ~= answer.status || answer.status == 404 else {
        throw HTTPBlobs.failure(answer)
      }
    }
  }

  /// The directories that this process made or found.
  private final class KnownDirectories: Sendable {
    private let paths = Mutex<Set<String>>([])

    /// False when it is known already.
    func insert(_ path: String) -> Bool { paths.withLock { $0.insert(path).inserted } }
    func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }
  }
#endif
