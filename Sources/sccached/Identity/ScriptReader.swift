import Glibc
import Platform

/// Finds what a wrapper script may run, by its words: paths, names found in PATH or beside the script,
/// files that it reads, and the values of the variables that it mentions. A script that computes its
/// compiler in another way is only as well known as that (docs/caching.md says so).
struct ScriptReader {
  let environment: RequestEnvironment
  let directory: String
  /// The variables mentioned, with the values that they have here.
  private(set) var variables: [(name: String, value: String?)] = []
  private var found: [String] = []
  private var seen: Set<String> = []

  private static let sizeLimit = 256 << 10
  private static let fileLimit = 64
  private static let depthLimit = 4

  init(environment: RequestEnvironment, directory: String) {
    self.environment = environment
    self.directory = directory
  }

  /// Anything but a program in machine code.
  static func isScript(_ path: String) -> Bool {
    guard let file = try? Descriptor.open(path, O_RDONLY),
      let head = try? file.read(at: 0, count: 4, path: path)
    else { return true }
    return head != [0x7f] + Array("ELF".utf8)
  }

  /// In the order in which they are met; nothing for a program that is no script.
  mutating func programs(of path: String) -> [String] {
    guard let bytes = try? Files.read(path, limit: Self.sizeLimit), bytes.starts(with: "#!".utf8)
    else {
      return []
    }
    seen.insert(path)
    read(bytes, of: path, depth: 0)
    return found
  }

  private mutating func read(_ bytes: [UInt8], of path: String, depth: Int) {
    let home = Path.directory(of: ProgramLookup.realPath(path) ?? path)
    for word in Self.words(bytes) {
      for candidate in candidates(for: word, home: home) { take(candidate, depth: depth) }
    }
  }

  private mutating func take(_ path: String, depth: Int) {
    guard found.count < Self.fileLimit, seen.insert(path).inserted else { return }
    found.append(path)
    guard depth + 1 < Self.depthLimit, let stamp = FileStamp(path: path),
      stamp.size <= Self.sizeLimit,
      let bytes = try? Files.read(path, limit: Self.sizeLimit), !bytes.contains(0)
    else { return }
    // Another script, or a text that the script reads names from.
    read(bytes, of: path, depth: depth + 1)
  }

  private mutating func candidates(for word: String, home: String) -> [String] {
    guard word.hasPrefix("$") else { return resolve(word, home: home) }
    let name = String(word.dropFirst())
    guard !name.isEmpty, !Self.shellVariables.contains(name) else { return [] }
    let value = environment.value(name)
    if !variables.contains(where: { $0.name == name }) { variables.append((name, value)) }
    return (value ?? "").split(separator: " ").flatMap { resolve(String($0), home: home) }
  }

  private func resolve(_ word: String, home: String) -> [String] {
    // `${CC:-gcc}` and `--driver=gcc` come as `-gcc`, `driver`, `gcc`.
    let word = String(word.drop { $0 == "-" })
    guard !word.isEmpty, word != ".", word != ".." else { return [] }
    var paths: [String] = []
    if word.contains("/") {
      paths = [
        Path.absolute(word, in: directory), home + "/" + word, home + "/" + Path.name(of: word),
      ]
    } else {
      paths = [home + "/" + word, directory + "/" + word]
      if let program = ProgramLookup.find(word, directory: directory, environment: environment) {
        paths.append(program)
      }
    }
    return paths.filter { FileStamp(path: $0)?.isRegular ?? false }
  }

  /// Always different, and never what selects a compiler.
  private static let shellVariables: Set<String> = [
    "PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "IFS", "_", "0", "1", "2", "3",
  ]

  /// Words of letters that paths and names are made of, each once, in their order; `$NAME` and
  /// `${NAME}` come as `$NAME`.
  private static func words(_ bytes: [UInt8]) -> [String] {
    var words: [String] = []
    var seen: Set<String> = []
    var current: [UInt8] = []
    func finish() {
      if current.count > 1, let word = String(validating: current, as: UTF8.self),
        seen.insert(word).inserted
      {
        words.append(word)
      }
      current.removeAll(keepingCapacity: true)
    }
    for byte in bytes {
      if byte == UInt8(ascii: "$") {
        finish()
        current.append(byte)
      } else if byte == UInt8(ascii: "{"), current == [UInt8(ascii: "$")] {
        continue
      } else if isWordByte(byte) {
        // `$DIR/gcc` is a variable and a path.
        if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-"),
          current.first == UInt8(ascii: "$")
        {
          finish()
        }
        current.append(byte)
      } else {
        finish()
      }
    }
    finish()
    return words
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5a || byte >= 0x61 && byte <= 0x7a
      || "/_.+-".utf8.contains(byte)
  }
}
