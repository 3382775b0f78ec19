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
    /// Ends with a slash; both as they go into an address.
    private let base: String
    private let prefix: String
    private let layout: WebDAVSettings.Layout
    private let authorization: String?
    private let made = KnownDirectories()
    let location: String

    init(_ settings: WebDAVSettings, _ context: BackendContext) throws(BackendProblem) {
      base = try WebDAVNames.base(settings.endpoint)
      http = context.http
      layout = settings.layout
      let middle = settings.keyPrefix.split(separator: "/").joined(separator: "/")
      let directory = middle.isEmpty ? "" : middle + "/"
      prefix = PercentEncoding.encode(directory, keeping: "/")
      location = "webdav, name: , prefix: /\(directory)"
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

    /// The name of a blob behind the endpoint.
    private func path(_ name: BlobName) -> String { prefix + WebDAVNames.path(name, layout) }

    private func question(_ method: HTTPQuestion.Method, _ path: String) -> HTTPQuestion {
      var question = HTTPQuestion(method, base + path)
      if let authorization { question.headers = [("authorization", authorization)] }
      return question
    }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      try http.fetch(question(.get, path(name)), into: sink, deadlines)
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      let path = path(name)
      do throws(BlobFailure) {
        try http.send(question(.put, path), blob, deadlines)
      } catch {
        // What a server says that lacks the directory differs: 409, 404 or 500. A server of Bazel's or
        // Gradle's protocol has none.
        guard case .failed = error, hasDirectories, try makeDirectories(of: path, deadlines)
        else { throw error }
        try http.send(question(.put, path), blob, deadlines)
      }
    }

    private var hasDirectories: Bool {
      switch layout {
      case .sccache, .subdirs, .flat: true
      case .bazel, .gradle: false
      }
    }

    /// - Returns: whether it is worth putting the blob again: a directory was missing, as far as is known.
    private func makeDirectories(
      of path: String, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      var directory = ""
      var someWereNew = false
      for part in path.split(separator: "/").dropLast() {
        directory += part + "/"
        guard made.insert(directory) else { continue }
        let answer: HTTPAnswer
        do throws(BlobFailure) {
          answer = try http.ask(question(.makeCollection, directory), deadlines)
        } catch {
          made.remove(directory)
          throw error
        }
        switch answer.status {
        // 405: it is there already; so it was when the blob was put, unless another client made it since.
        case 200..<300, 405: someWereNew = true
        default:
          made.remove(directory)
          throw HTTPBlobs.failure(answer)
        }
      }
      // Somebody may clear the server's directories away: the next blob makes them again.
      if !someWereNew { made.removeAll() }
      return someWereNew
    }

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      let answer = try http.ask(question(.delete, path(name)), deadlines)
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
    func removeAll() { paths.withLock { $0.removeAll() } }
  }
#endif
