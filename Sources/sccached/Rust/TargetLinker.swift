import Compilers
import Platform
import Settings

/// Files that describe a target (`rustc --print target-spec-json`).
enum TargetSpecifications {
  /// The file in which rustc would find a target's name that it does not know, as written in
  /// `RUST_TARGET_PATH`; it counts for the names that rustc knows, too, which costs at most a miss.
  static func file(of target: String?, _ call: Call) -> String? {
    guard let target, !target.hasSuffix(".json") else { return nil }
    let places = call.environment.value("RUST_TARGET_PATH")?.split(separator: ":") ?? []
    return places.map { Path.join(String($0), "\(target).json") }.first {
      FileStamp(path: Path.absolute($0, in: call.directory)) != nil
    }
  }

  /// The name by which the installation keeps a target's standard library.
  static func name(of target: String) -> String {
    target.hasSuffix(".json") ? String(Path.name(of: target).dropLast(5)) : target
  }

  /// A text among the fields of a target's description, of which rustc prints one a line.
  static func field(_ name: String, of description: String) -> String? {
    let start = "  \"\(name)\": \""
    for line in description.split(separator: "\n") where line.hasPrefix(start) {
      return String(line.dropFirst(start.count).prefix { $0 != "\"" })
    }
    return nil
  }
}

extension CompilePipeline {
  /// What links is known, and tells what it reads.
  func linker(
    _ compilation: CrateCompilation, _ program: String, _ toolchain: RustToolchain, _ call: Call
  ) throws(Rejection) -> Linker {
    guard call.settings.cachesRustLinks else { throw .cannotCache("crate-type") }
    var linking = compilation.linking
    if let target = compilation.target, target != toolchain.host,
      linking.linker == nil || linking.flavor == nil
    {
      // The target itself says what links for it.
      guard let usual = rust.linking(toolchain, program, target: target, call) else {
        throw .cannotCache("crate-type: the target's linker is not known")
      }
      linking.linker = linking.linker ?? usual.linker
      linking.flavor = linking.flavor ?? usual.flavor
    }
    guard linking.flavor.map({ ["gcc", "gnu-cc", "gnu-lld-cc"].contains($0) }) ?? true else {
      throw .cannotCache("crate-type: a linker that no C compiler runs")
    }
    if let argument = linking.arguments.first(where: LinkArguments.namesUnknownFile) {
      throw .cannotCache("-C link-arg=\(argument.prefix { $0 != "=" && $0 != "/" })")
    }
    guard let linker = linkers.linker(linking, call), linker.listsFiles else {
      throw .cannotCache("crate-type: a linker that is not known")
    }
    return linker
  }
}

/// What `-C link-arg` gives to the linker and its driver.
enum LinkArguments {
  /// Of files that no linker has in its list: further arguments, rules for the driver, names to keep, plugins.
  private static let read = ["@", "-specs", "retain-symbols-file", "-plugin"]
  /// Of files that are written beside the product.
  private static let written = [
    "-Map", "-out-implib", "-reproduce", "time-trace", "save-temps", "-lto-obj-path",
    "-thinlto-index",
    "-cache-dir", "-write-", "-aux-info", "-dumpdir", "-fdump", "-ftime-report", "-stack-usage",
  ]

  static func namesUnknownFile(_ argument: String) -> Bool {
    (read + written).contains(where: argument.contains)
  }
}
