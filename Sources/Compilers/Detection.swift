/// Questions to a compiler driver whose answers are text: what to ask, and how to read the answer.
package enum Detection {
  /// A C file to run through `-E`. What pretends to be gcc or clang and isn't (Intel's and
  /// NVIDIA's compilers define `__GNUC__`, clang-cl defines `__clang__`) is named apart.
  package static let probeSource = """
    #if defined(__NVCC__) || defined(__NVCOMPILER) || defined(__PGI)
    compiler_id=nvidia
    #elif defined(_MSC_VER)
    compiler_id=msvc
    #elif defined(__INTEL_COMPILER)
    compiler_id=intel
    #elif defined(__DCC__) || defined(__CTC__) || defined(__TINYC__) || defined(__SUNPRO_C) \\
      || defined(__LCC__) || defined(__open_xl__) || defined(__ibmxl__)
    compiler_id=other
    #elif defined(__clang__)
    compiler_id=clang
    compiler_major=__clang_major__
    #elif defined(__GNUC__)
    compiler_id=gcc
    compiler_major=__GNUC__
    #endif
    #if defined(__cplusplus)
    compiler_language=c++
    #endif
    compiler_version=__VERSION__

    """

  /// The compiler that preprocessed `probeSource` to this text; nil when it is none of ours.
  package static func compiler(fromProbe text: String) -> Compiler? {
    var answers: [String: String] = [:]
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let (name, value) = String(Substring(line)).splitAtFirstEquals() else { continue }
      answers[trimmed(name)] = trimmed(value)
    }
    guard let family = answers["compiler_id"].flatMap(Compiler.Family.init(rawValue:)),
      let major = answers["compiler_major"].flatMap({ Int($0) }),
      let version = answers["compiler_version"], version != "__VERSION__", !version.isEmpty
    else { return nil }
    return Compiler(
      family: family, version: unquoted(version), majorVersion: major,
      treatsCAsCXX: answers["compiler_language"] == "c++")
  }

  private static func trimmed(_ text: String) -> String {
    let blanks = " \t\r".utf8
    let start = text.utf8.drop { blanks.contains($0) }
    let end = start.reversed().drop { blanks.contains($0) }
    return String(decoding: end.reversed(), as: UTF8.self)
  }

  private static func unquoted(_ text: String) -> String {
    guard text.utf8.count >= 2, text.utf8.first == UInt8(ascii: "\""),
      text.utf8.last == UInt8(ascii: "\"")
    else { return text }
    return String(Substring(text.utf8.dropFirst().dropLast()))
  }

  /// What a compiler includes by itself (`stdc-predef.h`), from the preprocessed text of an empty file:
  /// the names in its line markers, without those in angle brackets and the file itself.
  package static func implicitIncludes(fromPreprocessed text: String) -> [String] {
    var found: [String] = []
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let rest = String(Substring(line)).remainder(after: "# "),
        let start = rest.utf8.firstIndex(of: UInt8(ascii: "\"")),
        let end = rest.utf8.lastIndex(of: UInt8(ascii: "\"")), start < end
      else { continue }
      let name = String(rest[rest.utf8.index(after: start)..<end])
      if name.hasPrefix("<") || name == "/dev/null" || name.hasSuffix("//") { continue }
      if !found.contains(name) { found.append(name) }
    }
    return found
  }

  /// The directories that `-v -E` reports for `#include "…"` and then `#include <…>`, in order;
  /// frameworks of macOS left out. Nil when the text holds no such lists.
  package static func searchDirectories(fromVerbose text: String) -> [String]? {
    var directories: [String] = []
    var isList = false
    var found = false
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      let line = String(Substring(line))
      if line.begins(with: "#include ") {
        isList = true
        found = true
      } else if line.begins(with: "End of search list.") {
        isList = false
      } else if isList, let directory = line.remainder(after: " ") {
        let directory = trimmed(directory)
        let suffix = " (framework directory)"
        guard !directory.utf8.reversed().starts(with: suffix.utf8.reversed()) else { continue }
        directories.append(directory)
      }
    }
    return found ? directories : nil
  }

  /// Built-in directories that don't exist yet, and are searched as soon as they do. A gcc that was moved
  /// (`GCC_EXEC_PREFIX`) names some that are empty: these are none.
  package static func missingDirectories(fromVerbose text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let prefix = "ignoring nonexistent directory \""
      guard let rest = String(Substring(line)).remainder(after: prefix) else { return nil }
      let name = rest.filter { $0 != "\"" }
      return name.isEmpty ? nil : String(name)
    }
  }

  /// The words of the line of `-###` that starts the compiler proper (gcc's `cc1`, `cc1plus`;
  /// clang's `-cc1`).
  package static func frontEndCommand(fromDryRun text: String) -> [String]? {
    command(fromDryRun: text) { words in
      let program = FileName(words[0]).base
      return ["cc1", "cc1plus", "cc1obj", "cc1objplus"].contains(program)
        || (words.count > 1 && words[1] == "-cc1")
    }
  }

  /// The words of the line of `-###` that starts the assembler; nil when there is none (clang
  /// assembles by itself).
  package static func assemblerCommand(fromDryRun text: String) -> [String]? {
    command(fromDryRun: text) { words in
      let program = FileName(words[0]).base
      return program == "as" || program.utf8.reversed().starts(with: "-as".utf8.reversed())
    }
  }

  /// The programs of all lines of `-###`: what stands before the first option, which behind a
  /// compiler launcher is more than one.
  package static func startedPrograms(fromDryRun text: String) -> [String] {
    var found: [String] = []
    for line in text.utf8.split(separator: UInt8(ascii: "\n"))
    where line.first == UInt8(ascii: " ") {
      let words = gnuWords(String(Substring(line)), keepsEmpty: false)
      found += words.prefix { !$0.begins(with: "-") }
    }
    return found
  }

  private static func command(
    fromDryRun text: String, where isWanted: ([String]) -> Bool
  ) -> [String]? {
    for line in text.utf8.split(separator: UInt8(ascii: "\n"))
    where line.first == UInt8(ascii: " ") {
      let words = gnuWords(String(Substring(line)), keepsEmpty: true)
      if !words.isEmpty, isWanted(words) { return words }
    }
    return nil
  }

  /// What `native` means on this machine, by the compiler's own account: gcc's `-m…` and `--param`
  /// words, clang's target processor and features. Nil when `-###` told nothing.
  package static func resolvedNative(
    fromDryRun text: String, family: Compiler.Family
  ) -> [String]? {
    guard let words = frontEndCommand(fromDryRun: text) else { return nil }
    let withValue: Set<String> =
      family == .gcc ? ["--param"] : ["-target-cpu", "-tune-cpu", "-target-feature", "-target-abi"]
    var result: [String] = []
    var index = words.index(after: words.startIndex)
    while index < words.endIndex {
      let word = words[index]
      if withValue.contains(word), index + 1 < words.endIndex {
        result += [word, words[index + 1]]
        index += 1
      } else if family == .gcc, word.begins(with: "-m") || word.begins(with: "--param=") {
        result.append(word)
      }
      index += 1
    }
    let unresolved = result.contains {
      guard let value = $0.splitAtFirstEquals()?.right else { return $0 == "native" }
      return value.begins(with: "native")
    }
    return result.isEmpty || unresolved ? nil : result
  }
}
