import Compilers

/// Files that exist only in a test.
struct Files: FileReading {
  var texts: [String: String] = [:]
  var directories: Set<String> = []

  func text(of path: String) -> String? { texts[path] }
  func isDirectory(_ path: String) -> Bool { directories.contains(path) }
}

extension Compiler {
  static let gcc = Compiler(
    family: .gcc, version: "12.2.0", majorVersion: 12, treatsCAsCXX: false)
  static let gxx = Compiler(family: .gcc, version: "12.2.0", majorVersion: 12, treatsCAsCXX: true)
  static let clang = Compiler(
    family: .clang, version: "Clang 19.1.7", majorVersion: 19, treatsCAsCXX: false)
  static let clang14 = Compiler(
    family: .clang, version: "Clang 14.0.6", majorVersion: 14, treatsCAsCXX: false)
}

func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

/// Parses a line of blank-separated words in `/work/dir`.
func parsed(
  _ line: String, _ compiler: Compiler = .gcc, files: Files = Files(),
  directory: String = "/home/u/dir"
) throws(Rejection) -> Compilation {
  try parse(
    Invocation(arguments: words(line), directory: directory), for: compiler, files: files)
}

/// The reason for not caching; `notCompilation` when it is none; nil when it is cached.
func reason(
  _ line: String, _ compiler: Compiler = .gcc, files: Files = Files()
) -> String? {
  do {
    _ = try parsed(line, compiler, files: files)
    return nil
  } catch {
    switch error {
    case .notCompilation: return "notCompilation"
    case .cannotCache(let reason): return reason
    }
  }
}
