import CacheKey
import Compilers
import Glibc
import Platform

/// Files and variables that a person says a crate depends on: what procedural macros read without telling
/// rustc.
///
/// Each item is a pattern of files (`templates/**/*.html`), relative to the package's directory, in which
/// `$NAME` stands for a variable of the call; or `env:NAME` for a variable.
struct ExtraInputs {
  private let call: Call
  private let directory: String
  private static let mostFiles = 10_000
  private static let deepest = 32

  init(_ call: Call) {
    self.call = call
    directory = call.environment.value("CARGO_MANIFEST_DIR") ?? call.directory
  }

  /// The items of a list that are for a crate: `CRATE=ITEM`, where the crate's name is a pattern, too.
  static func items(_ list: [String], for crate: String) -> [String] {
    list.compactMap { line in
      guard let equals = line.firstIndex(of: "=") else { return nil }
      let name = String(line[..<equals])
      return fnmatch(name, crate, 0) == 0 ? String(line[line.index(after: equals)...]) : nil
    }
  }

  /// All files that the patterns name at the moment, and the variables' values.
  func contents(
    _ items: [String], _ content: (String) -> Digest?
  ) throws(Rejection) -> [(name: String, content: Digest)] {
    var found: [(name: String, content: Digest)] = []
    for item in items {
      if item.hasPrefix("env:") {
        let name = String(item.dropFirst(4))
        let value = call.environment.bytes(name).map { Array($0) }
        found.append(("env \(name)", Digest.of((value == nil ? [0] : [1]) + (value ?? []))))
        continue
      }
      guard let pattern = expanded(item) else { continue }
      for path in try files(pattern) {
        // One that goes away meanwhile counts as one that can't be read.
        let name = path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count)) : path
        found.append(("file \(name)", content(path) ?? Digest.of([])))
      }
    }
    return found
  }

  /// Absolute, with its variables; nil when one of them is not set.
  private func expanded(_ pattern: String) -> String? {
    var result = ""
    var rest = Substring(pattern)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      let isBraced = rest.first == "{"
      if isBraced { rest = rest.dropFirst() }
      let name = rest.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
      guard let value = call.environment.value(String(name)) else { return nil }
      result += value
      rest = rest.dropFirst(name.count)
      if isBraced, rest.first == "}" { rest = rest.dropFirst() }
    }
    return Path.absolute(result + rest, in: directory)
  }

  private func files(_ pattern: String) throws(Rejection) -> [String] {
    var found: Set<String> = []
    let components = pattern.split(separator: "/").map(String.init)
    try walk("", components[...], 0, &found)
    return found.sorted()
  }

  private func walk(
    _ base: String, _ components: ArraySlice<String>, _ depth: Int, _ found: inout Set<String>
  ) throws(Rejection) {
    guard let first = components.first else {
      guard FileStamp(path: base)?.isRegular ?? false else { return }
      found.insert(base)
      guard found.count <= Self.mostFiles else { throw .cannotCache("too many extra inputs") }
      return
    }
    let rest = components.dropFirst()
    if !first.contains(where: { "*?[".contains($0) }) {
      try walk(base + "/" + first, rest, depth, &found)
      return
    }
    guard depth < Self.deepest else { return }
    if first == "**" { try walk(base, rest, depth, &found) }
    for name in Files.names(in: base.isEmpty ? "/" : base) ?? [] {
      let path = base + "/" + name
      if first == "**" {
        // Links are not followed: they can lead in circles.
        if FileStamp.ofLink(path: path)?.isDirectory ?? false {
          try walk(path, components, depth + 1, &found)
        }
      } else if fnmatch(first, name, FNM_PERIOD) == 0 {
        try walk(path, rest, depth + 1, &found)
      }
    }
  }
}
