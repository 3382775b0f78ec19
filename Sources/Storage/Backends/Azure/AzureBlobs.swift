#if Azure
  import Platform
  import Settings
  import Transport

  /// Azure Blob Storage: one block blob for each blob, put at once.
  struct AzureBlobs: BlobService {
    private enum Access: Sendable {
      case shared(account: String, key: [UInt8])
      case signature(String)
      case token(CredentialCache<String>)
    }

    private let http: HTTPBlobs
    private let now: @Sendable () -> Int64
    private let access: Access
    private let container: String
    /// Of the container, with a slash at its end.
    private let base: String
    /// The part of `base` behind the host.
    private let basePath: String
    private let prefix: String
    private static let version = "2022-11-02"

    init(_ settings: AzureSettings, _ context: BackendContext) throws(BackendProblem) {
      http = context.http
      now = context.now
      container = settings.container
      prefix = BlobPrefix.folder(settings.keyPrefix)
      let endpoint: String
      switch settings.access {
      case .connectionString(let text):
        let connection = try AzureConnection(text.value)
        endpoint = connection.endpoint
        switch connection.key {
        case .shared(let account, let key): access = .shared(account: account, key: key)
        case .signature(let query): access = .signature(query)
        }
      case .endpoint(let text):
        endpoint = text
        let identity = try EntraID(context)
        access = .token(
          CredentialCache(now: context.now) { deadlines throws(BlobFailure) in
            try identity.token(deadlines)
          })
      case nil:
        throw BackendProblem(
          "Azure needs one of SCCACHE_AZURE_CONNECTION_STRING, SCCACHE_AZURE_ENDPOINT and "
            + "SCCACHE_AZURE_STORAGE_ACCOUNT")
      }
      base =
        endpoint + (endpoint.hasSuffix("/") ? "" : "/")
        + PercentEncoding.encode(settings.container) + "/"
      basePath = BlobPrefix.path(ofURL: base)
    }

    var location: String { "azblob, name: \(container), prefix: /\(prefix)" }
    /// Of a blob that is put at once.
    var largestBlob: Int? { 5000 << 20 }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      try ask(.get, name, deadlines) { question, deadlines throws(BlobFailure) in
        try http.fetch(question, into: sink, deadlines)
      }
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      try ask(.put, name, length: blob.size, deadlines) {
        question, deadlines throws(BlobFailure) in
        try http.send(question, blob, deadlines)
      }
    }

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      try ask(.delete, name, deadlines) { question, deadlines throws(BlobFailure) in
        let answer = try http.ask(question, deadlines)
        guard 200..<300 ~= answer.status || answer.status == 404 else {
          throw HTTPBlobs.failure(answer)
        }
      }
    }

    private func ask<Result>(
      _ method: HTTPQuestion.Method, _ name: BlobName, length: Int = 0, _ deadlines: BlobDeadlines,
      _ body: (HTTPQuestion, BlobDeadlines) throws(BlobFailure) -> Result
    ) throws(BlobFailure) -> Result {
      let path = PercentEncoding.encode(prefix + name.path, keeping: "/")
      var question = HTTPQuestion(method, base + path)
      question.headers = [
        ("x-ms-date", UTCTime.httpText(now())), ("x-ms-version", Self.version),
      ]
      if method == .put { question.headers.append(("x-ms-blob-type", "BlockBlob")) }
      switch access {
      case .shared(let account, let key):
        let authorization = SharedKey.authorization(
          account: account, key: key, method: method.rawValue, path: basePath + path,
          length: length, headers: question.headers)
        question.headers.append(("authorization", authorization))
        return try body(question, deadlines)
      case .signature(let query):
        question.url += "?" + query
        return try body(question, deadlines)
      case .token(let token):
        return try token.use(deadlines) { token, deadlines throws(BlobFailure) in
          var question = question
          question.headers.append(("authorization", "Bearer \(token)"))
          return try body(question, deadlines)
        }
      }
    }
  }
#endif
