/// Collects the include directories and forced includes of a command line.
struct SearchBuilder {
  private(set) var search = IncludeSearch()
  private var macros: [String] = []
  private var forced: [String] = []
  private var systemCXX: [String] = []
  private var prefix: String?
  private var systemRoot: String?
  private var headerRoot: String?
  /// Those of `search.system` that `-iwithsysroot` named.
  private var underRoot: Set<Int> = []
  private let compiler: Compiler

  init(_ compiler: Compiler) { self.compiler = compiler }

  mutating func take(_ kind: Option.IncludeKind, _ value: String) throws(Rejection) {
    switch kind {
    case .quote: search.quote.append(value)
    case .angled: search.angled.append(value)
    case .system: search.system.append(value)
    case .systemCXX: systemCXX.append(value)
    case .systemUnderRoot:
      underRoot.insert(search.system.count)
      search.system.append(value)
    case .after: search.after.append(value)
    case .forced: forced.append(value)
    case .macros: macros.append(value)
    case .prefix: prefix = value
    case .withPrefix:
      let directory = try prefixed(value, "-iwithprefix")
      // gcc 12 against its manual, clang 19 as the manual has it.
      if compiler.family == .gcc {
        search.system.append(directory)
      } else {
        search.after.append(directory)
      }
    case .withPrefixBefore: search.angled.append(try prefixed(value, "-iwithprefixbefore"))
    case .systemRoot: systemRoot = value
    case .headerRoot: headerRoot = value
    case .precompiledHeader: break
    }
  }

  private func prefixed(_ value: String, _ name: String) throws(Rejection) -> String {
    // Without -iprefix it is the compiler's own directory, which the command line does not tell.
    guard let prefix else { throw .cannotCache(name) }
    return prefix + value
  }

  /// `-isysroot` goes before `--sysroot`, wherever it stands; of two of a kind the last counts (gcc 12,
  /// clang 14 and 19).
  private var root: String? { headerRoot ?? systemRoot }

  /// The lists in search order; `=` in front of a directory stands for the system root.
  func finished(isCXX: Bool) throws(Rejection) -> IncludeSearch {
    var result = search
    result.forced = macros + forced
    result.quote = try resolved(search.quote, "-iquote")
    result.angled = try resolved(search.angled, "-I")
    result.system = try resolved(search.system, "-isystem")
    for index in underRoot { result.system[index] = belowRoot(search.system[index]) }
    if isCXX { result.system += try resolved(systemCXX, "-isystem") }
    result.after = try resolved(search.after, "-idirafter")
    return result
  }

  private func resolved(
    _ directories: [String], _ option: String
  ) throws(Rejection) -> [String] {
    var result: [String] = []
    for directory in directories {
      result.append(
        try compiler.family == .gcc
          ? resolvedByGCC(directory, option) : resolvedByClang(directory, option))
    }
    return result
  }

  private func resolvedByGCC(_ directory: String, _ option: String) throws(Rejection) -> String {
    guard let rest = directory.remainder(after: "=") ?? directory.remainder(after: "$SYSROOT")
    else { return directory }
    // Without a root on the command line it is the one that gcc was configured with, or none.
    guard let root else { throw .cannotCache(option + "=") }
    return root + rest
  }

  /// `-I=` in every version, others in 19 and not in 16; when that changed was not measured.
  private func resolvedByClang(_ directory: String, _ option: String) throws(Rejection) -> String {
    guard let rest = directory.remainder(after: "="), let root else { return directory }
    if option != "-I" {
      if compiler.majorVersion <= 16 { return directory }
      guard compiler.majorVersion >= 19 else { throw .cannotCache(option + "=") }
    }
    let needsSlash = root.utf8.last != UInt8(ascii: "/") && rest.utf8.first != UInt8(ascii: "/")
    return root + (needsSlash ? "/" : "") + rest
  }

  private func belowRoot(_ directory: String) -> String {
    directory.begins(with: "/") ? (root ?? "") + directory : directory
  }
}

extension CompilationBuilder {
  mutating func takeInclude(
    _ kind: Option.IncludeKind, _ argument: Argument, _ value: String
  ) throws(Rejection) {
    try search.take(kind, value)
    switch kind {
    case .systemRoot, .headerRoot: identity += argument.words
    case .precompiledHeader: extraInputs.append(value)
    default: break
    }
  }
}
