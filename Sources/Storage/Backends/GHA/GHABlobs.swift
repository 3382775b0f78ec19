#if GHA
  import Platform
  import Settings

  /// The cache of GitHub Actions. Its entries never change and its service answers only so many requests a
  /// minute, so blobs are sent in segments of many (`SegmentIndex`), some seconds after they were stored,
  /// and found by the index in the newest segment.
  struct GHABlobs: BlobService {
    private let segments: SegmentStore
    private let version: String

    init(_ settings: GHASettings, _ context: BackendContext) throws(BackendProblem) {
      version =
        "sccache-v0.16.0-segments1" + (settings.version.isEmpty ? "" : "-\(settings.version)")
      segments = SegmentStore(try ActionsCache(context, scope: version), context)
    }

    var location: String { "ghac, name: \(version), prefix: /sccache/" }
    /// As much as may wait for being sent.
    var largestBlob: Int? { SegmentStore.mostWaiting / 2 }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      if name == .probe { try segments.reload(deadlines) }
      return try segments.fetch(name, into: sink, deadlines)
    }

    /// Done when it waits for being sent; the probe when it is sent.
    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      try segments.append(name, blob)
      if name == .probe { try segments.flush(deadlines) }
    }

    /// The service has no way to remove anything; the next index does without it.
    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      try segments.remove(name)
    }

    var heldBack: Int { segments.waitingResults }

    func finish(_ deadlines: BlobDeadlines) throws(BlobFailure) {
      try segments.flush(deadlines)
    }
  }
#endif
