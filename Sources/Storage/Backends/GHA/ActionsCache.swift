#if GHA
  import Platform
  import Settings
  import Transport

  /// The cache service of GitHub Actions, in either of its protocols. It keeps entries that never change,
  /// finds them by their name or by how it begins, and counts what it is asked by the minute.
  struct ActionsCache: Sendable {
    struct Found: Sendable {
      var name: String
      /// Good for some minutes, and a secret: who knows it may read.
      var url: String
    }

    private enum Version: Sendable {
      /// `ACTIONS_CACHE_URL`: GitHub's own servers, and what copies them.
      case first(address: String)
      /// `ACTIONS_RESULTS_URL`.
      case second(address: String)
    }

    private let version: Version
    private let http: HTTPBlobs
    private let token: Secret
    private let gate: RateGate
    /// What was written with another one is not found.
    private let scope: String
    /// Bytes in one request of the first protocol.
    private static let chunk = 32 << 20

    /// - Parameter scope: says what format the entries have.
    init(_ context: BackendContext, scope: String) throws(BackendProblem) {
      func set(_ name: String) -> String? {
        context.variable(name).flatMap { $0.isEmpty ? nil : $0 }
      }
      let results = set("ACTIONS_RESULTS_URL")
      let cache = set("ACTIONS_CACHE_URL")
      if let results, set("ACTIONS_CACHE_SERVICE_V2") != nil || cache == nil {
        version = .second(address: Self.withSlash(results))
      } else if let cache {
        version = .first(address: Self.withSlash(cache))
      } else {
        throw BackendProblem(
          "the cache of GitHub Actions: neither ACTIONS_RESULTS_URL nor ACTIONS_CACHE_URL is set; start "
            + "sccache in a job of Actions, in a step that exports the runner's variables")
      }
      guard let token = set("ACTIONS_RUNTIME_TOKEN") else {
        throw BackendProblem(
          "the cache of GitHub Actions: ACTIONS_RUNTIME_TOKEN is not set; export it from the runner, as "
            + "mozilla-actions/sccache-action does")
      }
      self.token = Secret(token)
      self.scope = Digest.of(Array(scope.utf8)).description
      http = context.http
      gate = RateGate(now: context.now)
    }

    private static func withSlash(_ text: String) -> String {
      text.hasSuffix("/") ? text : text + "/"
    }

    /// The newest entry whose name is the given one or begins with it.
    func find(_ name: String, _ deadlines: BlobDeadlines) throws(BlobFailure) -> Found? {
      switch version {
      case .first(let address):
        let query = PercentEncoding.form([("keys", name), ("version", scope)])
        let answer = try ask(.get, "\(address)_apis/artifactcache/cache?\(query)", nil, deadlines)
        if answer.status == 204 || answer.status == 404 { return nil }
        let fields = try Self.object(answer)
        guard let found = fields.text("cacheKey"), let url = fields.text("archiveLocation") else {
          throw .failed("it names an entry without a place")
        }
        return Found(name: found, url: url)
      case .second:
        var message = ProtobufMessage()
        message.put(2, name)
        message.put(3, name)
        message.put(4, scope)
        guard let fields = try call("GetCacheEntryDownloadURL", message, deadlines),
          let url = fields.text(2)
        else { return nil }
        return Found(name: fields.text(3) ?? name, url: url)
      }
    }

    /// Keeps an entry under a name that is not taken yet.
    func create(
      _ name: String, _ body: UploadBody, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      switch version {
      case .first(let address): try createFirst(address, name, body, deadlines)
      case .second:
        var reservation = ProtobufMessage()
        reservation.put(2, name)
        reservation.put(3, scope)
        guard let url = try call("CreateCacheEntry", reservation, deadlines)?.text(2) else {
          throw .failed("it takes no entry of this name")
        }
        var question = HTTPQuestion(.put, url)
        question.headers = [
          ("x-ms-blob-type", "BlockBlob"), ("content-type", "application/octet-stream"),
        ]
        question.body = body.part(0..<body.size)
        let answer = try http.ask(question, deadlines, isLarge: true)
        guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
        var completion = ProtobufMessage()
        completion.put(2, name)
        completion.put(3, body.size)
        completion.put(4, scope)
        guard try call("FinalizeCacheEntryUpload", completion, deadlines) != nil else {
          throw .failed("it does not keep what was sent")
        }
      }
    }

    private func createFirst(
      _ address: String, _ name: String, _ body: UploadBody, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      let caches = "\(address)_apis/artifactcache/caches"
      let wish = "{\"key\":\"\(name)\",\"version\":\"\(scope)\"}"
      let reserved = try Self.object(try ask(.post, caches, wish, deadlines))
      guard let number = reserved.integer("cacheId") else {
        throw .failed("it gives no number for a new entry")
      }
      for start in stride(from: 0, to: body.size, by: Self.chunk) {
        let end = min(start + Self.chunk, body.size)
        var question = question(.patch, "\(caches)/\(number)")
        question.headers += [
          ("content-type", "application/octet-stream"),
          ("content-range", "bytes \(start)-\(end - 1)/*"),
        ]
        question.body = body.part(start..<end)
        let answer = try http.ask(question, deadlines, isLarge: true)
        guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
      }
      let answer = try ask(.post, "\(caches)/\(number)", "{\"size\":\(body.size)}", deadlines)
      guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
    }

    // MARK: requests

    private func question(_ method: HTTPQuestion.Method, _ url: String) -> HTTPQuestion {
      var question = HTTPQuestion(method, url)
      question.headers = [
        ("authorization", "Bearer \(token.value)"),
        ("accept", "application/json;api-version=6.0-preview.1"),
      ]
      return question
    }

    /// A small request of the first protocol; with a body it is JSON. Only failures that say when to come
    /// again, or that access is refused, are thrown here.
    private func ask(
      _ method: HTTPQuestion.Method, _ url: String, _ body: String?, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> HTTPAnswer {
      try gate.pass { () throws(BlobFailure) in
        var question = question(method, url)
        if let body {
          question.headers.append(("content-type", "application/json"))
          question.body = .bytes(Array(body.utf8))
        }
        let answer = try http.ask(question, deadlines)
        guard 200..<300 ~= answer.status || answer.status == 404 else {
          throw HTTPBlobs.failure(answer)
        }
        return answer
      }
    }

    private static func object(
      _ answer: HTTPAnswer
    ) throws(BlobFailure) -> [String: ConfigurationValue] {
      guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
      guard let fields = try? JSONDocument.parse(String(decoding: answer.body, as: UTF8.self))
      else {
        throw .failed("it answers with something that is no JSON object")
      }
      return fields
    }

    /// A call of the second protocol. Nil when it says that it did not do it.
    private func call(
      _ method: String, _ message: ProtobufMessage, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> ProtobufFields? {
      guard case .second(let address) = version else { return nil }
      let answer = try gate.pass { () throws(BlobFailure) in
        var question = HTTPQuestion(
          .post, "\(address)twirp/github.actions.results.api.v1.CacheService/\(method)")
        question.headers = [
          ("authorization", "Bearer \(token.value)"), ("content-type", "application/protobuf"),
          ("accept", "application/protobuf"),
        ]
        question.body = .bytes(message.bytes)
        let answer = try http.ask(question, deadlines)
        guard 200..<300 ~= answer.status || answer.status == 404 else {
          throw HTTPBlobs.failure(answer)
        }
        return answer
      }
      if answer.status == 404 { return nil }
      guard let fields = ProtobufFields(answer.body) else {
        throw .failed("it answers with something that is no message of protobuf")
      }
      return fields.number(1) == 1 ? fields : nil
    }
  }

  /// What becomes an entry: a head in memory and a file behind it.
  struct UploadBody: Sendable {
    let head: [UInt8]
    let file: TemporaryFile

    var size: Int { head.count + file.size }

    func part(_ range: Range<Int>) -> HTTPQuestion.Body {
      .readable(count: range.count) { offset, target in
        let position = range.lowerBound + offset
        guard position < head.count else {
          return file.read(at: position - head.count, into: target)
        }
        let count = min(target.count, head.count - position)
        target.copyBytes(from: head[position..<position + count])
        return count
      }
    }
  }
#endif
