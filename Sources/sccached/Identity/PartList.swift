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
      let digest = files.fingerprint(path, stamp)
    else {
      isComplete = false
      return false
    }
    seen[ExactText(path)] = stamp
    keep(CompilerPart(path: path, stamp: stamp, name: name))
    digests.append((role, digest))
    return true
  }

  /// The shared libraries that the loader finds for a program, by their names.
  mutating func addLibraries(of program: String, where isWanted: (String) -> Bool) {
    guard
      let result = try? Spawn.run(
        "/usr/bin/ldd", [program], environment: [Array("LC_ALL=C".utf8)], directory: "/",
        timeoutSeconds: 10),
      result.isSuccess
    else { return }
    for line in String(decoding: result.output, as: UTF8.self).split(separator: "\n") {
      // `name => /path (address)`
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard words.count >= 3, words[1] == "=>", words[2].hasPrefix("/") else { continue }
      let path = String(words[2])
      let name = Path.name(of: path)
      if isWanted(name) { add(path, role: name) }
    }
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
