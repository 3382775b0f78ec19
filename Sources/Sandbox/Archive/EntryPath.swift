// Shared as source with the runner; see ExtractionFailure.swift.

/// The components of a path that a client named: never empty, `.` or `..`, no control characters.
struct EntryPath {
  var components: [[UInt8]]

  static let slash = UInt8(ascii: "/")

  /// Reads an archive's name: relative to the root, a leading `/` or `./` is tolerated (Mozilla's
  /// archives have both), `..` is not.
  init(archiveName name: [UInt8], limits: ExtractionLimits) throws(ExtractionFailure) {
    components = try Self.split(name, limits)
    if components.contains(where: { Self.isParent($0) }) { throw ExtractionFailure(.escape, name) }
  }

  /// A path of a job (working directory, output) against the directory it is relative to; `..` stays
  /// in, for `Resolution` to take back the component before it.
  static func split(
    _ path: [UInt8], _ limits: ExtractionLimits
  ) throws(ExtractionFailure) -> [[UInt8]] {
    guard path.count <= limits.nameLength else { throw ExtractionFailure(.name, path) }
    var components: [[UInt8]] = []
    for part in path.split(separator: slash) {
      if part.count == 1, part.first == UInt8(ascii: ".") { continue }
      guard part.count <= 255 else { throw ExtractionFailure(.name, path) }
      // Newlines and escape sequences would also end up in logs.
      guard !part.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
        throw ExtractionFailure(.control, path)
      }
      components.append(Array(part))
    }
    guard components.count <= limits.depth else { throw ExtractionFailure(.depth, path) }
    return components
  }

  static func isParent(_ component: [UInt8]) -> Bool {
    component.count == 2 && component[0] == UInt8(ascii: ".") && component[1] == UInt8(ascii: ".")
  }

  /// `a/b/c`; `.` for the root itself.
  static func joined(_ components: some Collection<[UInt8]>) -> [UInt8] {
    if components.isEmpty { return [UInt8(ascii: ".")] }
    var path: [UInt8] = []
    for component in components {
      if !path.isEmpty { path.append(slash) }
      path += component
    }
    return path
  }
}

/// The bytes with a NUL behind, for C.
func terminated(_ bytes: [UInt8]) -> [CChar] {
  var result: [CChar] = []
  result.reserveCapacity(bytes.count + 1)
  for byte in bytes { result.append(CChar(bitPattern: byte)) }
  result.append(0)
  return result
}
