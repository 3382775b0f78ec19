#if GCS
  import Platform
  import Settings
  import Transport

  /// Google Cloud Storage by its JSON interface: one object for each blob.
  struct GCSBlobs: BlobService {
    private let http: HTTPBlobs
    /// Nil: a store that asks for none, as Google's own libraries take an emulator to be.
    private let token: CredentialCache<String>?
    private let bucket: String
    /// Scheme, host and port.
    private let endpoint: String
    private let prefix: String

    init(_ settings: GCSSettings, _ context: BackendContext) throws(BackendProblem) {
      http = context.http
      bucket = settings.bucket
      prefix = BlobPrefix.folder(settings.keyPrefix)
      let emulator = context.variable("STORAGE_EMULATOR_HOST").flatMap { $0.isEmpty ? nil : $0 }
      if var address = emulator {
        if !address.contains("://") { address = "http://" + address }
        while address.hasSuffix("/") { address.removeLast() }
        endpoint = address
      } else {
        endpoint = "https://storage.googleapis.com"
      }
      let source = try GCSCredentialSource(settings, context, hasEmulator: emulator != nil)
      if case .none = source {
        token = nil
      } else {
        let tokens = GCSTokens(context, mode: settings.mode)
        token = CredentialCache(now: context.now) { deadlines throws(BlobFailure) in
          try tokens.token(source, deadlines)
        }
      }
    }

    var location: String { "gcs, name: \(bucket), prefix: /\(prefix)" }
    /// Of an object.
    var largestBlob: Int? { 5 << 40 }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      let question = HTTPQuestion(.get, object(name) + "?alt=media")
      return try ask(question, deadlines) { question, deadlines throws(BlobFailure) in
        try http.fetch(question, into: sink, deadlines, mayBeAbsence: Self.mayBeAbsence)
      }
    }

    /// Google names the right that is missing, to read or to list, also when there is no such object: `… does
    /// not have storage.objects.get access …`. 401 is what those without credentials get.
    private static func mayBeAbsence(_ answer: HTTPAnswer) -> Bool {
      guard answer.status == 403 || answer.status == 401 else { return false }
      return String(decoding: answer.body.prefix(4096), as: UTF8.self)
        .contains("does not have storage.objects.")
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      var question = HTTPQuestion(
        .post,
        "\(endpoint)/upload/storage/v1/b/\(PercentEncoding.encode(bucket))/o?"
          + PercentEncoding.form([("uploadType", "media"), ("name", prefix + name.path)]))
      question.headers = [("content-type", "application/octet-stream")]
      try ask(question, deadlines) { question, deadlines throws(BlobFailure) in
        try http.send(question, blob, deadlines)
      }
    }

    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      try ask(HTTPQuestion(.delete, object(name)), deadlines) {
        question, deadlines throws(BlobFailure) in
        let answer = try http.ask(question, deadlines)
        guard 200..<300 ~= answer.status || answer.status == 404 else {
          throw HTTPBlobs.failure(answer)
        }
      }
    }

    private func object(_ name: BlobName) -> String {
      let encoded = PercentEncoding.encode(prefix + name.path)
      return "\(endpoint)/storage/v1/b/\(PercentEncoding.encode(bucket))/o/\(encoded)"
    }

    private func ask<Result>(
      _ question: HTTPQuestion, _ deadlines: BlobDeadlines,
      _ body: (HTTPQuestion, BlobDeadlines) throws(BlobFailure) -> Result
    ) throws(BlobFailure) -> Result {
      guard let token else { return try body(question, deadlines) }
      return try token.use(deadlines) { token, deadlines throws(BlobFailure) in
        var question = question
        question.headers.append(("authorization", "Bearer \(token)"))
        return try body(question, deadlines)
      }
    }
  }
#endif
