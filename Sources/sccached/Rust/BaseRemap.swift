import Compilers
import Platform

extension CrateCompilation {
  /// What stands in place of a base directory: for a debugger that is started in the checkout the paths lead
  /// to its sources.
  private static let substitute = "."

  /// Has rustc write something else in place of the base directories in which it runs and in which the source
  /// lies, unless the caller has said what to write there.
  ///
  /// - Returns: the arguments that rustc gets.
  mutating func remap(_ bases: [String], in directory: String) -> [String] {
    var added: [String] = []
    for path in [directory, Path.absolute(input, in: directory)] {
      let around = bases.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        .filter { !$0.isEmpty && (path == $0 || path.hasPrefix($0 + "/")) }
      guard let base = around.max(by: { $0.utf8.count < $1.utf8.count }), !remapped.contains(base)
      else { continue }
      let value = "\(base)=\(Self.substitute)"
      remapped.append(base)
      keyArguments.append("remap-path-prefix=\(value)")
      added.append("--remap-path-prefix=\(value)")
    }
    return added
  }
}
