import CacheKey
import Compilers
import Platform
import Settings
import Wire

/// One compiler call on its way through the daemon: what the caller sent, decoded.
struct Call: Sendable {
  let channel: Channel
  /// Given back before the call waits for anything.
  let slot: WorkSlot
  let environment: RequestEnvironment
  var settings: RequestSettings
  let umask: UInt32
  let errorsGoToTerminal: Bool
  /// Absolute, by the name that C compilers take for it (`PWD`).
  var directory: String
  /// Absolute, without links: what `getcwd` says.
  let physicalDirectory: String
  /// The compiler as the caller named it.
  let command: String
  let arguments: [String]
  /// For the person at the terminal, printed with the reply.
  var notice: String

  var noticeBytes: [UInt8] { Array(notice.utf8) }
  /// Whether somebody still waits for the answer.
  var isWanted: @Sendable () -> Bool { { [channel] in !channel.isClosed } }

  /// The same for a compiler that asks the system where it is: rustc writes that name. So do base directories
  /// count by it, too.
  var inPhysicalDirectory: Call {
    var call = self
    call.directory = physicalDirectory
    for base in settings.baseDirectories {
      guard let real = ProgramLookup.realPath(base), !call.settings.baseDirectories.contains(real)
      else { continue }
      call.settings.baseDirectories.append(real)
    }
    return call
  }
}

/// A call that can be cached, with everything that selects its result.
struct CacheableCall: Sendable {
  var call: Call
  let program: String
  let question: CompilerRegistry.Question
  let identity: CompilerIdentity
  let compilation: Compilation
  let inputs: KeyInputs
  let presentation: Presentation

  var places: Places { inputs.places }
  var compiler: Compiler { identity.compiler }

  var language: String { compilation.language.statisticsName }
  /// `c++ [gcc]`, as the advanced statistics name it.
  var advancedLanguage: String {
    "\(compilation.language.advancedName) [\(compiler.family.rawValue)]"
  }

  /// Comments never matter, matter by their width, or matter.
  var strictness: Strictness {
    let sensitivity = compilation.sensitivity
    if sensitivity.contains(.comments) || countsBytes || readsStrictC90 { return .exact }
    // clang writes an MD5 of each source into DWARF 5 line tables.
    if sensitivity.contains(.columns) { return compiler.family == .clang ? .exact : .sameColumns }
    // `.su` and optimisation records have columns in them.
    let hasReports = compilation.outputs.contains {
      !["obj", "gcno", "module", "d"].contains($0.name)
    }
    return hasReports ? .sameColumns : .sameLines
  }

  private static let strictC90: Set = ["c89", "c90", "iso9899:1990", "iso9899:199409"]

  /// In strict C90, `//` begins no comment.
  var readsStrictC90: Bool {
    var previous = ""
    for word in compilation.keyArguments {
      if word == "-ansi" || word == "--ansi" { return true }
      if previous == "--std", Self.strictC90.contains(word) { return true }
      for option in ["-std=", "--std="] where word.hasPrefix(option) {
        if Self.strictC90.contains(String(word.dropFirst(option.count))) { return true }
      }
      previous = word
    }
    return false
  }
}

extension CacheableCall {
  /// The directories that these variables list; an empty element is the working directory.
  func environmentDirectories(_ names: [String]) -> [String] {
    names.flatMap { name -> [String] in
      guard let value = call.environment.value(name), !value.isEmpty else { return [] }
      return value.split(separator: ":", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "." : String($0) }
    }
  }
}

/// What diagnostics look like to this caller: replayed only to callers to whom they look the same.
struct Presentation: Sendable, Equatable {
  /// Both in one.
  var digest: Digest {
    var hash = SHA256()
    hash.field(locale)
    hash.field(isColoured ? 1 : 0)
    return hash.finish()
  }

  static let variables = [
    "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG", "LANGUAGE", "GCC_COLORS", "GCC_URLS", "TERM_URLS",
  ]

  /// Of these variables.
  let locale: Digest
  /// The caller's compiler would write colours.
  let isColoured: Bool

  init(locale: Digest, isColoured: Bool) {
    self.locale = locale
    self.isColoured = isColoured
  }

  init(_ call: Call, _ compilation: Compilation) {
    var hash = SHA256()
    for name in Self.variables {
      hash.field(call.environment.bytes(name).map { Array($0) } ?? [])
    }
    locale = hash.finish()
    switch compilation.colour {
    case .always: isColoured = true
    case .never: isColoured = false
    case .automatic:
      isColoured =
        call.errorsGoToTerminal && call.environment.value("TERM").map { $0 != "dumb" } ?? false
    }
  }
}
