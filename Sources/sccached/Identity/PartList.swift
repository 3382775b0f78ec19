import CacheKey
import Platform

/// Collects the files that make up a compiler.
struct PartList {
  private let files: FileRecords
  private(set) var parts: [CompilerPart] = []
  private(set) var properParts: [String: [CompilerPart]] = [:]
  /// The compiler proper to which what is added belongs; nil: to all of them.
  var proper: String?
  private var digests: [(role: String, digest: Digest)] = []
  private var notes: [String] = []
  private var seen: [ExactText: FileStamp] = [:]
  private(set) var isComplete = true

  init(files: FileRecords) {
    self.files = files
  }

  /// False when it can't be read, which leaves the identity unknown.
  ///
  /// - Parameter name: by which the compiler finds it in PATH; nil: it knows the path.
  @discardableResult
  mutating func add(_ path: String, role: String, foundAs name: String? = nil) -> Bool {
    if let stamp = seen[ExactText(path)] {
      keep(CompilerPart(path: path, stamp: stamp, name: name))
      return true
    }
    guard let stamp = FileStamp(path: path),
      let digest = files.contentDigest(path, stamp)
    else {
      isComplete = false
      return false
    }
    seen[ExactText(path)] = stamp
    keep(CompilerPart(path: path, stamp: stamp, name: name))
    digests.append((role, digest))
    return true
  }

  /// A directory in which no name may come or go; not part of the digest.
  mutating func watch(_ path: String) {
    parts.append(CompilerPart(path: path, stamp: FileStamp(path: path)))
  }

  private mutating func keep(_ part: CompilerPart) {
    if let proper {
      properParts[proper, default: []].append(part)
    } else {
      parts.append(part)
    }
  }

  mutating func note(_ text: String) { notes.append(text) }

  func digest() -> Digest {
    var hash = SHA256()
    for part in digests {
      hash.field(part.role)
      hash.field(part.digest)
    }
    hash.field(notes)
    return hash.finish()
  }
}
