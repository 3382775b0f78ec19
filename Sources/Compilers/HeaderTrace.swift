/// gcc's report of `-H`: on standard error one line for each inclusion, as many dots as it is deep,
/// a blank and the path; at the end, when the run was good, a heading and the headers without
/// include guards.
package struct HeaderTrace: Sendable, Equatable {
  /// Each header once, in the order of the first inclusion.
  package var paths: [String]
  /// What else was written, byte for byte.
  package var remainder: [UInt8]

  package init(standardError bytes: [UInt8]) {
    paths = []
    remainder = []
    remainder.reserveCapacity(bytes.count)
    var seen: Set<String> = []
    var listsGuards = false
    for line in Lines(bytes: bytes) {
      if let path = Self.path(in: line) {
        listsGuards = false
        if seen.insert(path).inserted { paths.append(path) }
      } else if line.elementsEqual(Self.heading) {
        listsGuards = true
      } else if listsGuards, Self.isListed(line, among: seen) {
        continue
      } else {
        listsGuards = false
        remainder += line
      }
    }
  }

  private static let heading = Array("Multiple include guards may be useful for:\n".utf8)

  private static func path(in line: ArraySlice<UInt8>) -> String? {
    let rest = line.drop { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "!") }
    guard rest.startIndex > line.startIndex, line.last == UInt8(ascii: "\n"),
      rest.first == UInt8(ascii: " "), rest.count > 2
    else { return nil }
    // `! x.gch` is a precompiled header that gcc uses, `x x.gch` one that it found and left alone.
    return String(decoding: rest.dropFirst().dropLast(), as: UTF8.self)
  }

  /// gcc puts `./` in front of a relative name in this list.
  private static func isListed(_ line: ArraySlice<UInt8>, among seen: Set<String>) -> Bool {
    let name = String(decoding: line.dropLast(), as: UTF8.self)
    if seen.contains(name) { return true }
    return name.remainder(after: "./").map(seen.contains) ?? false
  }
}

/// The lines of a text with their line ends.
private struct Lines: Sequence, IteratorProtocol {
  private var rest: ArraySlice<UInt8>

  init(bytes: [UInt8]) { rest = bytes[...] }

  mutating func next() -> ArraySlice<UInt8>? {
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
    defer { rest = rest[end...] }
    return rest[..<end]
  }
}
