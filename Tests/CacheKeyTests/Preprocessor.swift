import Glibc
import Platform
import TestSupport

/// Runs the real preprocessors over many files at once.
struct Preprocessor: Sendable {
  let program: String
  let arguments: [String]

  static let c = Preprocessor(program: "/usr/bin/gcc", arguments: ["-x", "c"])
  static let strictC90 = Preprocessor(program: "/usr/bin/gcc", arguments: ["-x", "c", "-std=c90"])
  static let cxx = Preprocessor(program: "/usr/bin/gcc", arguments: ["-x", "c++", "-std=c++17"])
  static let clang = Preprocessor(
    program: "/usr/bin/clang-14", arguments: ["-x", "c++", "-std=c++17"])

  var isInstalled: Bool { FileStamp(path: program)?.isExecutable ?? false }

  /// What each text becomes, its line markers included and blanks evened out; nil for a text with an
  /// error in it.
  func outputs(of texts: [[UInt8]]) throws -> [String?] {
    let directory = TemporaryDirectory()
    var names: [String] = []
    for (index, text) in texts.enumerated() {
      let name = "f\(index).c"
      try directory.write(name, text)
      names.append(name)
    }
    let result = try Spawn.run(
      program, arguments + ["-E"] + names,
      environment: [Array("LC_ALL=C".utf8), Array("PATH=/usr/bin:/bin".utf8)],
      directory: directory.path)
    var outputs = [String?](repeating: "", count: texts.count)
    var current = 0
    for line in result.output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    {
      let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d })
      var text = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
      if text.hasPrefix("# "), let start = text.range("\"f"), let end = text.range(".c\"") {
        let number = text[start.upperBound..<end.lowerBound]
        if let index = Int(number) { current = index }
        text = String(text[..<start.lowerBound]) + "FILE" + text[end.upperBound...]
      }
      outputs[current]?.append(text + "\n")
    }
    for line in result.errors.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      guard text.first == "f", text.contains("error:"), let dot = text.firstIndex(of: "."),
        let index = Int(text[..<dot].dropFirst()), outputs.indices.contains(index)
      else { continue }
      outputs[index] = nil
    }
    return outputs
  }
}

extension String {
  func range(_ needle: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
      start = index(after: start)
    }
    return nil
  }
}
