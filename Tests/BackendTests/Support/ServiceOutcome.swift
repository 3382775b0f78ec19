import CacheKey
import Glibc
import Platform
import Storage

/// What asking a service came to.
enum Outcome: Equatable, CustomStringConvertible {
  case found([UInt8])
  case absent
  case stored
  case removed
  case failed(Kind, String)

  enum Kind: Equatable {
    case unreachable, timedOut, denied, deniedOrAbsent, limited(Int?), failed, tooLarge, givenUp
  }

  var kind: Kind? { if case .failed(let kind, _) = self { kind } else { nil } }

  var description: String {
    switch self {
    case .found(let bytes): "found \(bytes.count) bytes"
    case .absent: "absent"
    case .stored: "stored"
    case .removed: "removed"
    case .failed(let kind, let text): "\(kind): \(text)"
    }
  }

  fileprivate init(_ failure: BlobFailure) {
    let kind: Kind
    switch failure {
    case .unreachable: kind = .unreachable
    case .timedOut: kind = .timedOut
    case .denied: kind = .denied
    case .deniedOrAbsent: kind = .deniedOrAbsent
    case .limited(let seconds, _): kind = .limited(seconds)
    case .failed: kind = .failed
    case .tooLarge: kind = .tooLarge
    case .given: kind = .givenUp
    }
    self = .failed(kind, failure.description)
  }
}

extension BlobService {
  func outcomeOfFetch(
    _ name: BlobName = .probe, _ deadlines: BlobDeadlines = .patient
  ) -> Outcome {
    let sink = Collected()
    do throws(BlobFailure) {
      return try fetch(name, into: sink, deadlines) ? .found(sink.bytes) : .absent
    } catch {
      return Outcome(error)
    }
  }

  func outcomeOfStore(
    _ name: BlobName = .probe, _ bytes: [UInt8] = [1, 2, 3],
    _ deadlines: BlobDeadlines = .patient
  ) -> Outcome {
    do throws(BlobFailure) {
      try store(name, .bytes(bytes), deadlines)
      return .stored
    } catch {
      return Outcome(error)
    }
  }

  func outcomeOfRemove(
    _ name: BlobName = .probe, _ deadlines: BlobDeadlines = .patient
  ) -> Outcome {
    do throws(BlobFailure) {
      try remove(name, deadlines)
      return .removed
    } catch {
      return Outcome(error)
    }
  }
}

extension BlobDeadlines {
  /// For everything else: the whole suite runs at once on few cores, where a test waits for its turn.
  static var patient: BlobDeadlines {
    var deadlines = BlobDeadlines()
    deadlines.connect = 30_000
    deadlines.lookup = 60_000
    deadlines.total = 240_000
    return deadlines
  }

  /// For tests that wait until they are over.
  static var short: BlobDeadlines {
    var deadlines = BlobDeadlines()
    deadlines.connect = 300
    deadlines.lookup = 300
    deadlines.total = 900
    return deadlines
  }
}
