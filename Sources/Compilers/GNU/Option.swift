/// One row of a driver's option table.
struct Option: Sendable {
  /// How the value stands to the name.
  enum Join: Sendable {
    /// No value: the word is the name.
    case none
    /// The value is the next word.
    case separate
    /// The value follows the name in the same word; it can be empty.
    case joined
    /// Joined when anything follows the name in its word, else the next word.
    case either
    /// Bare, or with `=value` in the same word.
    case equals
  }

  /// What the option means to the cache.
  enum Role: Sendable {
    /// The call can't be cached, whether it compiles or not; the option's name is the reason. These
    /// are the options of which Mozilla's says so.
    case hard
    /// A compilation with it can't be cached; the option's name is the reason.
    case refused
    /// The driver prints something and compiles nothing.
    case informational
    case compile
    case precompile
    case output
    case language
    case architecture
    /// Enters the key as it stands, like every option that the table doesn't know.
    case key
    /// Enters the key and the probes of the compiler's identity.
    case identity
    /// Enters nothing: it can't change an output.
    case dropped
    case include(IncludeKind)
    /// The value names a file whose content enters the key.
    case extraInput
    /// As `extraInput`, behind an optional `name=`.
    case moduleFile
    case plugin
    case dependency(DependencyOption)
    case debug
    case splitDwarf
    case prefixMap(PrefixMapKind)
    case compilationDirectory(PrefixMapKind)
    case sensitive(Compilation.Sensitivity)
    case sideOutput(SideOutput)
    case coverage(CoverageKind)
    case profileUse(default: String)
    /// `-march=`, `-mcpu=`, `-mtune=`: the value `native` means this machine's processor.
    case processor
    case colour(Compilation.Colour)
    case diagnosticsColour
    case diagnosticsFormat
    case preprocessorWord
    case preprocessorWords
    case assemblerWord
    case assemblerWords
    case frontEndWord
    case specs
    case bitcode
    case optimisationReport
    case dumpLetters
    case recordsCommandLine
    case warning
  }

  enum IncludeKind: Sendable {
    case quote, angled, system, systemCXX, systemUnderRoot, after, forced, macros
    case prefix, withPrefix, withPrefixBefore
    /// `--sysroot`, for everything; `-isysroot`, for headers.
    case systemRoot, headerRoot
    case precompiledHeader
  }

  enum DependencyOption: Sendable {
    case all, user, phony, file, target, quotedTarget
  }

  enum PrefixMapKind: Sendable {
    /// `__FILE__`, debug information, coverage: all of them.
    case file
    case debug
    case macro
    case coverage
  }

  enum CoverageKind: Sendable {
    /// `--coverage`: notes and arcs.
    case all
    /// `-ftest-coverage`.
    case notes
    /// `-fprofile-arcs`, `-fprofile-generate`.
    case arcs
    /// clang's `-fcoverage-mapping`.
    case mapping
  }

  let name: String
  let join: Join
  let role: Role

  init(_ name: String, _ join: Join, _ role: Role) {
    self.name = name
    self.join = join
    self.role = role
  }
}

/// The options of one driver, sorted by name, byte by byte.
struct OptionTable: Sendable {
  let rows: [Option]

  init(_ parts: [Option]...) {
    rows = parts.joined().sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The row with the longest name that the word can be a spelling of.
  func option(for word: String) -> Option? {
    var end = upperBound(of: word)
    while end > 0 {
      let row = rows[end - 1]
      let shared = commonPrefix(row.name, word)
      if shared == row.name.utf8.count, row.accepts(word) { return row }
      // Every row between here and the shared prefix shares no more with the word than this one.
      let limit = shared == row.name.utf8.count ? shared - 1 : shared
      guard limit > 0 else { return nil }
      let next = upperBound(of: String(Substring(word.utf8.prefix(limit))))
      end = min(next, end - 1)
    }
    return nil
  }

  /// How many rows have names that do not come after the word.
  private func upperBound(of word: String) -> Int {
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if word.utf8.lexicographicallyPrecedes(rows[middle].name.utf8) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low
  }

  private func commonPrefix(_ left: String, _ right: String) -> Int {
    zip(left.utf8, right.utf8).prefix { $0 == $1 }.count
  }
}

extension Option {
  /// Whether the word, which begins with the name, is a spelling of this option.
  fileprivate func accepts(_ word: String) -> Bool {
    let extra = word.utf8.dropFirst(name.utf8.count)
    switch join {
    case .none, .separate: return extra.isEmpty
    case .joined, .either: return true
    case .equals: return extra.isEmpty || extra.first == UInt8(ascii: "=")
    }
  }
}
