/// Collects the include directories and forced includes of a command line.
struct SearchBuilder {
  private(set) var search = IncludeSearch()
  private var macros: [String] = []
  private var forced: [String] = []
  private var systemCXX: [String] = []
  private var prefix: String?
  private var root: String?
  private let family: Compiler.Family

  init(family: Compiler.Family) { self.family = family }

  mutating func take(_ kind: Option.IncludeKind, _ value: String) throws(Rejection) {
    switch kind {
    case .quote: search.quote.append(value)
    case .angled: search.angled.append(value)
    case .system: search.system.append(value)
    case .systemCXX: systemCXX.append(value)
    case .systemUnderRoot: search.system.append("=" + value)
    case .after: search.after.append(value)
    case .forced: forced.append(value)
    case .macros: macros.append(value)
    case .prefix: prefix = value
    case .withPrefix:
      let directory = try prefixed(value, "-iwithprefix")
      // gcc 12 against its manual, clang 19 as the manual has it.
      if family == .gcc {
        search.system.append(directory)
      } else {
        search.after.append(directory)
      }
    case .withPrefixBefore: search.angled.append(try prefixed(value, "-iwithprefixbefore"))
    case .systemRoot: root = value
    case .precompiledHeader: break
    }
  }

  private func prefixed(_ value: String, _ name: String) throws(Rejection) -> String {
    // Without -iprefix it is the compiler's own directory, which the command line does not tell.
    guard let prefix else { throw .cannotCache(name) }
    return prefix + value
  }

  /// The lists in search order; `=` in front of a directory stands for the system root.
  func finished(isCXX: Bool) -> IncludeSearch {
    var result = search
    if isCXX { result.system += systemCXX }
    result.forced = macros + forced
    result.quote = result.quote.map(resolved)
    result.angled = result.angled.map(resolved)
    result.system = result.system.map(resolved)
    result.after = result.after.map(resolved)
    return result
  }

  private func resolved(_ directory: String) -> String {
    for mark in ["=", "$SYSROOT"] {
      if let rest = directory.remainder(after: mark) { return (root ?? "") + rest }
    }
    return directory
  }
}

extension CompilationBuilder {
  mutating func takeInclude(
    _ kind: Option.IncludeKind, _ argument: Argument, _ value: String
  ) throws(Rejection) {
    try search.take(kind, value)
    switch kind {
    case .systemRoot: identity += argument.words
    case .precompiledHeader: extraInputs.append(value)
    default: break
    }
  }
}
