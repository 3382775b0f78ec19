import Platform

/// Finds what a wrapper script may run, by its words: absolute paths, names found in PATH or beside
/// the script, and the values of the variables that it mentions. A script that computes its compiler
/// in another way is only as well known as that (docs/caching.md says so).
struct ScriptReader {
  let environment: RequestEnvironment
  let directory: String
  /// `NAME=value` of each variable mentioned.
  private(set) var variableValues: [String] = []
  private var seen: Set<String> = []

  private static let sizeLimit = 256 << 10
  private static let programLimit = 64
  private static let depthLimit = 4

  init(environment: RequestEnvironment, directory: String) {
    self.environment = environment
    self.directory = directory
  }

  /// Nothing for a program that is no script.
  mutating func programs(of path: String) -> [String] {
    var found: [String] = []
    read(path, depth: 0, into: &found)
    return found
  }

  private mutating func read(_ path: String, depth: Int, into found: inout [String]) {
    guard depth < Self.depthLimit, seen.insert(path).inserted, found.count < Self.programLimit,
      let bytes = try? Files.read(path, limit: Self.sizeLimit), bytes.starts(with: "#!".utf8)
    else { return }
    let home = Path.directory(of: ProgramLookup.realPath(path) ?? path)
    for word in Self.words(bytes) {
      for candidate in candidates(for: word, home: home) where found.count < Self.programLimit {
        guard !seen.contains(candidate) else { continue }
        found.append(candidate)
        read(candidate, depth: depth + 1, into: &found)
        seen.insert(candidate)
      }
    }
  }

  private mutating func candidates(for word: String, home: String) -> [String] {
    if word.hasPrefix("$") {
      let name = String(word.dropFirst())
      guard let value = environment.value(name), !Self.shellVariables.contains(name) else { return [] }
      let note = "\(name)=\(value)"
      if !variableValues.contains(note) { variableValues.append(note) }
      return value.split(separator: " ").first.flatMap { resolve(String($0), home: home) } ?? []
    }
    return resolve(word, home: home) ?? []
  }

  private func resolve(_ word: String, home: String) -> [String]? {
    if word.hasPrefix("/"), let path = program(word) { return [path] }
    let name = Path.name(of: word)
    if word.contains("/"), let path = program(home + "/" + name) { return [path] }
    guard !word.contains("/") else { return nil }
    return ProgramLookup.find(word, directory: directory, environment: environment).map { [$0] }
  }

  private func program(_ path: String) -> String? {
    guard let stamp = FileStamp(path: path), stamp.isRegular, stamp.isExecutable else { return nil }
    return path
  }

  /// Always different, and never what selects a compiler.
  private static let shellVariables: Set<String> = ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "IFS", "_"]

  /// Words of letters that paths and names are made of; `$NAME` and `${NAME}` come as `$NAME`.
  private static func words(_ bytes: [UInt8]) -> Set<String> {
    var words: Set<String> = []
    var current: [UInt8] = []
    func finish() {
      if current.count > 1, let word = String(validating: current, as: UTF8.self) { words.insert(word) }
      current.removeAll(keepingCapacity: true)
    }
    for byte in bytes {
      let isWordByte =
        byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5a || byte >= 0x61 && byte <= 0x7a
        || "/_.+-".utf8.contains(byte)
      if byte == UInt8(ascii: "$") {
        finish()
        current.append(byte)
      } else if byte == UInt8(ascii: "{"), current == [UInt8(ascii: "$")] {
        continue
      } else if isWordByte {
        // `$DIR/gcc` is a variable and a path.
        if byte == UInt8(ascii: "/"), current.first == UInt8(ascii: "$") { finish() }
        current.append(byte)
      } else {
        finish()
      }
    }
    finish()
    return words
  }
}
