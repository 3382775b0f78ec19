import Platform

/// What decides on the output of Emscripten's `emcc` and `em++` beside the clang that they start:
/// small scripts run Python on the files beside them, which find clang by a configuration file and
/// by variables.
struct Emscripten {
  /// The directory of `emcc.py`.
  private let root: String
  /// In the order in which they are looked for, up to the first that exists.
  private let configurations: [String]
  /// Read by the program in Python, or needed to find its configuration.
  let variables: [String]

  /// Nil when none of these scripts is Emscripten's.
  init?(scripts: [String], directory: String, environment: RequestEnvironment) {
    let directories = scripts.map { Path.directory(of: ProgramLookup.realPath($0) ?? $0) }
    guard let root = directories.first(where: { FileStamp(path: $0 + "/emcc.py") != nil }) else {
      return nil
    }
    self.root = root
    let home = environment.value("HOME") ?? ""
    var variables = [
      "EM_LLVM_ROOT", "EM_LLVM_ADD_VERSION", "EM_CLANG_ADD_VERSION", "EM_COMPILER_WRAPPER",
      "EM_CACHE", "LLVM_ADD_VERSION", "CLANG_ADD_VERSION",
    ]
    if let named = environment.value("EM_CONFIG") {
      let isInHome = named.hasPrefix("~/")
      if isInHome { variables.append("HOME") }
      if !isInHome, !named.hasPrefix("/") { variables.append("PWD") }
      configurations = [
        isInHome ? home + named.dropFirst() : Path.absolute(named, in: directory)
      ]
    } else {
      // emsdk keeps its own two levels up.
      let installed = [root, Path.directory(of: Path.directory(of: root))].map {
        $0 + "/.emscripten"
      }
      if let first = installed.firstIndex(where: { FileStamp(path: $0) != nil }) {
        configurations = Array(installed[...first])
      } else {
        variables.append("HOME")
        configurations = installed + [home + "/.emscripten"]
      }
    }
    self.variables = variables
  }

  func add(to parts: inout PartList) {
    for folder in ["", "/tools", "/tools/ports"] {
      let names = Files.names(in: root + folder) ?? []
      for name in names.sorted() where name.hasSuffix(".py") {
        parts.add("\(root)\(folder)/\(name)", role: name)
      }
    }
    let settings = ["/src/settings.js", "/src/settings_internal.js", "/emscripten-version.txt"]
    for path in settings.map({ root + $0 }) + configurations {
      if FileStamp(path: path) == nil {
        // What appears here is read from then on.
        parts.watch(path)
      } else {
        parts.add(path, role: Path.name(of: path))
      }
    }
  }
}
