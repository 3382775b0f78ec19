/// What one compiler call will read and write, and what of its command line can change the
/// output: the value that everything after argument parsing works on.
package struct Compilation: Sendable, Equatable {
  package var language: Language
  package var product: Product
  /// The one source file, as the caller wrote it (relative to the caller's directory).
  package var input: String
  /// The file that `-o` names, or the name the compiler would choose, as written.
  package var primaryOutput: String
  /// Every file that a successful run leaves behind, but for the dependency file.
  package var outputs: [Output]
  /// The dependency file that the caller asked for (`-MD`, `-MMD`, `-Wp,-MD,f` …).
  package var dependencyFile: DependencyFile?
  /// Arguments that enter the key, in their order, spelling normalised. Not among them: the
  /// input, `-o`, dependency options, colour options, `-pipe`, resolved `native` options.
  package var keyArguments: [String]
  /// Files whose content enters the key beside the headers: plugins, ignore lists, profiles,
  /// module files, precompiled headers named on the command line; as written.
  package var extraInputs: [String]
  /// Where `#include` looks, as far as the command line says.
  package var search: IncludeSearch
  /// Arguments that change which programs compile (`-B`, `-specs=`, `--sysroot`, `-target`, `-m32`,
  /// `--gcc-toolchain` …): the probes of the compiler's identity get them too.
  package var identityArguments: [String]
  /// `-march=native` and the like: they enter the key as what they resolve to on this machine.
  package var nativeArguments: [String]
  package var sensitivity: Sensitivity
  /// `-fdebug-prefix-map`, `-ffile-prefix-map` and clang's `-fdebug-compilation-dir`, in order.
  package var prefixMaps: [PrefixMap]
  package var colour: Colour
  /// The caller's words that a run needs which only preprocesses (`-D`, `-I`, `-std=`, `-O2`,
  /// `native` options and prefix maps as written …); without input, outputs and `-M…`.
  package var preprocessorArguments: [String]
  /// The language that `-x` gave the input; nil when its name decided.
  package var explicitLanguage: Language?

  package init(
    language: Language, product: Product, input: String, primaryOutput: String, outputs: [Output],
    dependencyFile: DependencyFile? = nil, keyArguments: [String] = [],
    extraInputs: [String] = [], search: IncludeSearch = IncludeSearch(),
    identityArguments: [String] = [], nativeArguments: [String] = [],
    sensitivity: Sensitivity = [], prefixMaps: [PrefixMap] = [], colour: Colour = .automatic,
    preprocessorArguments: [String] = [], explicitLanguage: Language? = nil
  ) {
    self.language = language
    self.product = product
    self.input = input
    self.primaryOutput = primaryOutput
    self.outputs = outputs
    self.dependencyFile = dependencyFile
    self.keyArguments = keyArguments
    self.extraInputs = extraInputs
    self.search = search
    self.identityArguments = identityArguments
    self.nativeArguments = nativeArguments
    self.sensitivity = sensitivity
    self.prefixMaps = prefixMaps
    self.colour = colour
    self.preprocessorArguments = preprocessorArguments
    self.explicitLanguage = explicitLanguage
  }

  /// The kind of thing compiled; always part of the key.
  package enum Product: String, Sendable, CaseIterable {
    case object
    case precompiledHeader
    case moduleInterface
  }

  /// What beside content and arguments the outputs depend on.
  package struct Sensitivity: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The working directory is written into an output (`-g`, coverage, profile generation).
    package static let directory = Sensitivity(rawValue: 1 << 0)
    /// The output's own name is written into an output (split DWARF, coverage, recorded options).
    package static let outputName = Sensitivity(rawValue: 1 << 1)
    /// Columns of tokens are written into an output (`-g`): a comment's length matters.
    package static let columns = Sensitivity(rawValue: 1 << 2)
    /// The command line is written into an output (`-frecord-gcc-switches`,
    /// `-grecord-command-line`): no argument may be added to the run.
    package static let commandLine = Sensitivity(rawValue: 1 << 3)
    /// What stands in comments can change the result (`-Wdocumentation`, `-traditional-cpp`).
    package static let comments = Sensitivity(rawValue: 1 << 4)
    /// Times of the inputs are written into the output (clang's precompiled headers).
    package static let inputTimes = Sensitivity(rawValue: 1 << 5)
    /// Debug sections are compressed (`-gz`): a search for paths in the output finds nothing.
    package static let compressedDebug = Sensitivity(rawValue: 1 << 6)
    /// Options are written into an output, though not dependency options (gcc's `DW_AT_producer`
    /// with `-g`, and `-frecord-gcc-switches` since gcc 11).
    package static let producer = Sensitivity(rawValue: 1 << 7)
  }

  package enum Colour: Sendable { case automatic, always, never }

  package struct PrefixMap: Sendable, Equatable {
    package var from: String
    package var to: String
    package init(from: String, to: String) {
      self.from = from
      self.to = to
    }
  }
}

/// One file that a compilation leaves behind.
package struct Output: Sendable, Equatable {
  /// The member's name in a cache entry: `obj`, `dwo`, `gcno`, `su` …
  package var name: String
  /// As written on, or derived from, the command line.
  package var path: String
  /// A successful run that did not write it is not stored.
  package var isRequired: Bool
  /// A program or a library that is loaded: linkers give it the mode of a program.
  package var isExecutable = false
  /// Nothing in it need not mean that something went wrong.
  package var mayBeEmpty = false
  package init(name: String, path: String, isRequired: Bool) {
    self.name = name
    self.path = path
    self.isRequired = isRequired
  }
}

/// A dependency file in make's syntax that the caller asked for.
package struct DependencyFile: Sendable, Equatable {
  package var path: String
  /// `-MMD`: without headers of system directories.
  package var omitsSystemHeaders: Bool
  /// `-MP`.
  package var hasPhonyTargets: Bool
  /// The words left of the colon, ready to be written: `-MT` verbatim, `-MQ` and the default quoted
  /// for make.
  package var targets: [String]
  /// The text left of the colon, unless it is so long that the compiler breaks it.
  package var target: String { targets.joined(separator: " ") }

  package init(path: String, omitsSystemHeaders: Bool, hasPhonyTargets: Bool, targets: [String]) {
    self.path = path
    self.omitsSystemHeaders = omitsSystemHeaders
    self.hasPhonyTargets = hasPhonyTargets
    self.targets = targets
  }

  package init(path: String, omitsSystemHeaders: Bool, hasPhonyTargets: Bool, target: String) {
    self.init(
      path: path, omitsSystemHeaders: omitsSystemHeaders, hasPhonyTargets: hasPhonyTargets,
      targets: [target])
  }
}

/// The include directories and forced includes of the command line, each list in search order,
/// as written.
package struct IncludeSearch: Sendable, Equatable {
  /// `-iquote`.
  package var quote: [String] = []
  /// `-I`.
  package var angled: [String] = []
  /// `-isystem`, `-cxx-isystem`, `-iwithprefix…`, in gcc's order: before the built-in directories.
  package var system: [String] = []
  /// `-idirafter`.
  package var after: [String] = []
  /// `-include` and `-imacros`, in gcc's order.
  package var forced: [String] = []
  package init() {}
}

/// Why a call is not cached; the call itself then runs untouched.
package enum Rejection: Error, Sendable, Equatable {
  /// Links, `--version`, `-S`, `-###` … (counted as "Non-compilation calls").
  case notCompilation
  /// With the reason as Mozilla's statistics name it, where theirs has a name for it.
  case cannotCache(String)
}
