import Compilers
import Platform

/// A compiler driver, and the questions that it answers.
struct Driver {
  /// As it is called; absolute.
  let path: String
  /// Options that choose its programs and files.
  let arguments: [String]
  let caller: Caller

  /// Where it finds a file by its own account; nil when it finds none.
  func file(_ name: String) -> String? {
    guard let path = answer("-print-file-name=\(name)"), path.hasPrefix("/"),
      FileStamp(path: path)?.isRegular ?? false
    else { return nil }
    return path
  }

  /// The program that it would start.
  func program(_ name: String) -> String? {
    answer("-print-prog-name=\(name)").flatMap(caller.find)
  }

  /// clang's directory of headers and lists.
  func resourceDirectory() throws(ToolchainError) -> String {
    guard let path = answer("-print-resource-dir"), path.hasPrefix("/") else {
      throw .noAnswer(
        program: self.path, question: "-print-resource-dir", reason: "it names no directory")
    }
    return path
  }

  private func answer(_ question: String) -> String? {
    guard let result = try? caller.run(path, arguments + [question]), result.isSuccess else {
      return nil
    }
    let line = result.output.prefix { $0 != UInt8(ascii: "\n") }
    return String(validating: line, as: UTF8.self)
  }

  /// The lines in which it tells what it would do.
  private func dryRun() throws(ToolchainError) -> [String] {
    let question = ["-v", "-###", "-x", "c", "-c", "/dev/null", "-o", "/dev/null"]
    let result = try caller.run(path, arguments + question)
    let text = String(decoding: result.errors, as: UTF8.self)
    guard result.isSuccess else {
      throw .noAnswer(
        program: path, question: question.joined(separator: " "), reason: String(text.suffix(300)))
    }
    return text.split(separator: "\n").map(String.init)
  }

  /// Checks that the compiler is what it seems, and gives clang's configuration files.
  ///
  /// ccache and distcc under a compiler's name pass on what they don't know, so that all answers
  /// look right; but gcc tells how it was called, and clang by which path it starts itself.
  func check(_ family: Compiler.Family) throws(ToolchainError) -> [String] {
    let lines = try dryRun()
    let started: String? =
      switch family {
      case .gcc: rest(of: lines, after: "COLLECT_GCC=").first
      case .clang: Detection.frontEndCommand(fromDryRun: lines.joined(separator: "\n"))?[0]
      }
    if let started, let real = caller.find(started) {
      guard try ToolchainTree.realPath(real) == (try ToolchainTree.realPath(path)) else {
        throw .launcher(program: path, started: real)
      }
    }
    return rest(of: lines, after: "Configuration file: ")
  }

  private func rest(of lines: [String], after mark: String) -> [String] {
    lines.filter { $0.hasPrefix(mark) }.map { String($0.dropFirst(mark.count)) }
  }

  /// The driver for the other one of C and C++ beside this one (`gcc-12` and `g++-12`); nil when
  /// there is none.
  var sibling: Driver? {
    guard let name = Self.siblingName(Path.name(of: path)) else { return nil }
    let other = Path.join(Path.directory(of: path), name)
    guard caller.find(other) != nil else { return nil }
    return Driver(path: other, arguments: arguments, caller: caller)
  }

  /// The sibling of a sibling is oneself: `aarch64-linux-gnu-g++-12`, `clang`, `c++`.
  static func siblingName(_ name: String) -> String? {
    let pairs = [("gcc", "g++"), ("clang", "clang++"), ("cc", "c++")]
    var parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    for index in parts.indices {
      for pair in pairs where parts[index] == pair.0 || parts[index] == pair.1 {
        parts[index] = parts[index] == pair.0 ? pair.1 : pair.0
        return parts.joined(separator: "-")
      }
    }
    return nil
  }
}
