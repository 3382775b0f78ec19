/// The names that rustc gives its outputs (`rustc --print file-names`, and
/// `rustc_session::output::filename_for_metadata` and its neighbours), known without asking it.
struct CrateFileNames {
  let crate: String
  /// `-C extra-filename`.
  let extra: String
  let target: String
  let directory: String

  /// Nil where the target's names aren't known.
  func outputs(
    _ products: Set<CrateCompilation.Product>, _ types: [CrateCompilation.CrateType], isTest: Bool
  ) -> [Output]? {
    var found: [Output] = []
    if products.contains(.link) {
      for type in types {
        guard let name = fileName(type) else { return nil }
        if found.contains(where: { $0.path == path(name) }) { continue }
        var output = Output(name: type.memberName, path: path(name), isRequired: true)
        output.isExecutable = type.isLinked
        found.append(output)
      }
    }
    if products.contains(.metadata) {
      var output = Output(
        name: "rmeta", path: path("lib\(crate)\(extra).rmeta"), isRequired: true)
      // A program has no metadata: cargo checks it all the same.
      output.mayBeEmpty = true
      found.append(output)
    }
    if products.contains(.dependencyInfo) {
      found.append(Output(name: "d", path: path("\(crate)\(extra).d"), isRequired: true))
    }
    return found
  }

  private func path(_ name: String) -> String {
    if directory.isEmpty { return name }
    return directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  /// A target whose programs are ELF files; what a file describes may be anything.
  static func isELF(_ target: String) -> Bool {
    let systems = ["-linux-", "-freebsd", "-netbsd", "-openbsd", "-illumos", "-android"]
    return systems.contains(where: target.contains) && !target.hasSuffix(".json")
  }

  /// Of ELF targets; of others only what is the same everywhere.
  private func fileName(_ type: CrateCompilation.CrateType) -> String? {
    if type == .lib || type == .rlib { return "lib\(crate)\(extra).rlib" }
    guard Self.isELF(target) else { return nil }
    switch type {
    case .lib, .rlib: return "lib\(crate)\(extra).rlib"
    case .staticlib: return "lib\(crate)\(extra).a"
    case .dylib, .cdylib, .procMacro: return "lib\(crate)\(extra).so"
    case .bin: return "\(crate)\(extra)"
    }
  }
}

extension CrateCompilation.CrateType {
  /// In a cache entry.
  fileprivate var memberName: String {
    switch self {
    case .lib, .rlib: "rlib"
    case .staticlib: "a"
    case .dylib, .cdylib, .procMacro: "so"
    case .bin: "bin"
    }
  }
}
