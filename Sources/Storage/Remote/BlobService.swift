package import Platform

/// A service that keeps blobs by their names: what differs between one kind of remote store and another.
/// A kind is one file or folder in `Backends`, and one line in `BlobServices`.
///
/// Every call blocks its thread, asks once and keeps to its deadlines; when to ask again, whether to ask
/// at all, and whether what came is what was wanted is decided by `RemoteLevel`.
package protocol BlobService: Sendable {
  /// For people and statistics, as Mozilla's prints it, without secrets:
  /// `s3, name: BUCKET, prefix: /p/`.
  var location: String { get }
  /// Larger blobs are not offered; nil: no limit that is known.
  var largestBlob: Int? { get }

  /// - Returns: false when there is no such blob.
  func fetch(
    _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
  ) throws(BlobFailure) -> Bool
  /// Puts a blob in place of what has the name.
  func store(
    _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
  ) throws(BlobFailure)
  /// Removes a blob; that there is none is no failure.
  func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure)
  /// How many results were stored and are held back.
  var heldBack: Int { get }
  /// Sends what was stored and is held back; for when the process ends. Most hold nothing back.
  func finish(_ deadlines: BlobDeadlines) throws(BlobFailure)
}

extension BlobService {
  package var largestBlob: Int? { nil }
  package var heldBack: Int { 0 }
  package func finish(_ deadlines: BlobDeadlines) throws(BlobFailure) {}
}

/// What a blob is called.
package enum BlobName: Sendable, Hashable {
  case entry(Digest)
  case manifest(Digest)
  /// Asked for to see whether a service is there, written to see whether it can be written.
  case probe

  /// Below a store's prefix: `a/3/2/a320d6…`, as Mozilla's lays its own out, so that rules that clear away
  /// what is old keep working.
  package var path: String {
    switch self {
    case .entry(let key): Self.spread(key)
    case .manifest(let key): "manifests/" + Self.spread(key)
    case .probe: ".sccache_check"
    }
  }

  private static func spread(_ key: Digest) -> String {
    let hex = key.description
    let digits = hex.prefix(3).map(String.init).joined(separator: "/")
    return "\(digits)/\(hex)"
  }
}

/// Milliseconds that one question to a service may take.
package struct BlobDeadlines: Sendable, Equatable {
  /// Until a connection stands.
  package var connect = 1_000
  /// Until the first byte of the answer, and between two pieces of it; of small answers until the end.
  package var lookup = 2_000
  /// Until the first byte of the answer that has a blob, where that is expected sooner; not of credentials,
  /// which others give. Backends of HTTP keep to it.
  package var firstByte: Int?
  /// From beginning to end, however large the blob is.
  package var total = 30_000

  package init() {}
}

/// Why a service did not do what it was asked.
package enum BlobFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// Nobody there.
  case unreachable(String)
  case timedOut(String)
  /// The credentials are missing, wrong, or not enough.
  case denied(String)
  /// A blob is refused in the way in which some services say to those who may not list that there is none.
  case deniedOrAbsent(String)
  /// It wants to be asked less; after so many seconds again, where it says so.
  case limited(seconds: Int?, String)
  /// It answers with an error, or with something that can't be understood.
  case failed(String)
  case tooLarge(String)
  /// The sink wanted no more, or what was to be sent could not be read.
  case given(up: String)

  package var description: String {
    switch self {
    case .unreachable(let text): "it can't be reached: \(text)"
    case .timedOut(let text): "it does not answer in time: \(text)"
    case .denied(let text), .deniedOrAbsent(let text): "it refuses: \(text)"
    case .limited(_, let text): "it wants to be asked less: \(text)"
    case .failed(let text): "it failed: \(text)"
    case .tooLarge(let text): "the blob is too large: \(text)"
    case .given(let text): text
    }
  }

  /// Asking again a little later may help.
  package var mayPass: Bool {
    switch self {
    case .unreachable, .timedOut, .limited, .failed: true
    case .denied, .deniedOrAbsent, .tooLarge, .given: false
    }
  }
}

extension BlobFailure {
  /// The same failure with who failed before its text.
  func concerning(_ subject: String) -> BlobFailure {
    switch self {
    case .unreachable(let text): .unreachable("\(subject): \(text)")
    case .timedOut(let text): .timedOut("\(subject): \(text)")
    case .denied(let text): .denied("\(subject): \(text)")
    case .deniedOrAbsent(let text): .deniedOrAbsent("\(subject): \(text)")
    case .limited(let seconds, let text): .limited(seconds: seconds, "\(subject): \(text)")
    case .failed(let text): .failed("\(subject): \(text)")
    case .tooLarge(let text): .tooLarge("\(subject): \(text)")
    case .given(let text): .given(up: "\(subject): \(text)")
    }
  }
}

/// What a lookup holds while it works, and others could use while it waits for a service.
package protocol LookupPlace: Sendable {
  /// - Returns: whether it was left, to be taken again by `comeBack`.
  func leave() -> Bool
  func comeBack()
}

/// Takes a blob's bytes while they come. Used by one thread at a time.
package protocol BlobSink: Sendable {
  /// False: no more is wanted.
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool
}
