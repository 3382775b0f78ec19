import Transport

/// An object store whose requests are signed with keys that stay the same: what Alibaba's and Tencent's
/// have in common.
struct BucketBlobs: BlobService {
  let location: String
  /// Largest object of a single PUT.
  let largestBlob: Int? = 5 << 30
  let http: HTTPBlobs
  let address: BucketAddress
  /// Ends with a slash, or is empty.
  let prefix: String
  /// The headers that make a request for a key ours.
  let sign:
    @Sendable (HTTPQuestion.Method, _ key: String) throws(BlobFailure) -> [(
      name: String, value: String
    )]

  func fetch(
    _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> Bool {
    let answer = try ask(.get, name, deadlines) { $0.sink = { sink.take($0) } }
    if 200..<300 ~= answer.status { return true }
    if HTTPBlobs.isAbsence(answer) { return false }
    throw HTTPBlobs.hiddenAbsence(answer) ?? HTTPBlobs.failure(answer)
  }

  func store(
    _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) {
    let answer = try ask(.put, name, deadlines) { $0.body = HTTPBlobs.body(blob) }
    guard 200..<300 ~= answer.status else { throw HTTPBlobs.failure(answer) }
  }

  func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
    let answer = try ask(.delete, name, deadlines) { _ in }
    guard 200..<300 ~= answer.status || HTTPBlobs.isAbsence(answer) else {
      throw HTTPBlobs.failure(answer)
    }
  }

  private func ask(
    _ method: HTTPQuestion.Method, _ name: BlobName, _ deadlines: BlobDeadlines,
    _ complete: (inout HTTPQuestion) -> Void
  ) throws(BlobFailure) -> HTTPAnswer {
    let key = prefix + name.path
    var question = HTTPQuestion(method, address.url(of: key))
    question.headers = try sign(method, key)
    complete(&question)
    return try http.ask(question, deadlines, isLarge: true)
  }
}
