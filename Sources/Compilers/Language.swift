/// The language of a source file, as the compiler driver understands it.
package enum Language: String, Sendable, CaseIterable {
  case c
  case cHeader
  case cPreprocessed
  case cxx
  case cxxHeader
  case cxxPreprocessed
  case cxxModule
  case objectiveC
  case objectiveCHeader
  case objectiveCPreprocessed
  case objectiveCXX
  case objectiveCXXHeader
  case objectiveCXXPreprocessed
  case assembler
  case assemblerWithPreprocessor
  /// A `.h` file without `-x`: C or C++, as the driver pleases.
  case genericHeader

  /// The row of the statistics that counts this language.
  package var statisticsName: String {
    switch self {
    case .assembler, .assemblerWithPreprocessor: "Assembler"
    default: "C/C++"
    }
  }

  /// The word for this language in the advanced statistics (`c [gcc]`), as Mozilla's has them.
  package var advancedName: String {
    switch self {
    case .c: "c"
    case .cHeader: "cHeader"
    case .cPreprocessed: "cPreprocessed"
    case .cxx: "c++"
    case .cxxHeader: "c++Header"
    case .cxxPreprocessed: "c++Preprocessed"
    case .cxxModule: "c++-module"
    case .objectiveC, .objectiveCHeader: "objc"
    case .objectiveCPreprocessed: "objcPreprocessed"
    case .objectiveCXX, .objectiveCXXHeader: "objc++"
    case .objectiveCXXPreprocessed: "objc++Preprocessed"
    case .assembler: "assembler"
    case .assemblerWithPreprocessor: "assemblerToPreprocess"
    case .genericHeader: "c/c++"
    }
  }

  /// The program that gcc's driver runs for it, as `-print-prog-name` calls it; nil where that isn't
  /// certain, or is the assembler alone.
  package var compilerProper: String? {
    switch self {
    case .c, .cHeader, .cPreprocessed, .assemblerWithPreprocessor: "cc1"
    case .cxx, .cxxHeader, .cxxPreprocessed, .cxxModule: "cc1plus"
    case .objectiveC, .objectiveCHeader, .objectiveCPreprocessed: "cc1obj"
    case .objectiveCXX, .objectiveCXXHeader, .objectiveCXXPreprocessed: "cc1objplus"
    case .assembler, .genericHeader: nil
    }
  }

  /// The compiler does not preprocess such a file, so that it has no headers.
  package var isPreprocessed: Bool {
    switch self {
    case .cPreprocessed, .cxxPreprocessed, .objectiveCPreprocessed, .objectiveCXXPreprocessed,
      .assembler:
      true
    default: false
    }
  }

  /// Compiling it gives a precompiled header.
  package var isHeader: Bool {
    switch self {
    case .cHeader, .cxxHeader, .objectiveCHeader, .objectiveCXXHeader, .genericHeader: true
    default: false
    }
  }

  /// The driver looks for headers where C++ has them.
  package var isCXX: Bool {
    switch self {
    case .cxx, .cxxHeader, .cxxPreprocessed, .cxxModule, .objectiveCXX, .objectiveCXXHeader,
      .objectiveCXXPreprocessed:
      true
    default: false
    }
  }

  package var isAssembler: Bool { self == .assembler || self == .assemblerWithPreprocessor }

  /// The value for the driver's `-x`; a generic header is C's.
  package var driverName: String {
    switch self {
    case .c: "c"
    case .cHeader, .genericHeader: "c-header"
    case .cPreprocessed: "cpp-output"
    case .cxx: "c++"
    case .cxxHeader: "c++-header"
    case .cxxPreprocessed: "c++-cpp-output"
    case .cxxModule: "c++-module"
    case .objectiveC: "objective-c"
    case .objectiveCHeader: "objective-c-header"
    case .objectiveCPreprocessed: "objective-c-cpp-output"
    case .objectiveCXX: "objective-c++"
    case .objectiveCXXHeader: "objective-c++-header"
    case .objectiveCXXPreprocessed: "objective-c++-cpp-output"
    case .assembler: "assembler"
    case .assemblerWithPreprocessor: "assembler-with-cpp"
    }
  }

  /// The value for `-x` that makes the driver search the headers' directories of this language.
  package var preprocessorName: String {
    switch self {
    case .c, .cHeader, .cPreprocessed, .genericHeader: "c"
    case .cxx, .cxxHeader, .cxxPreprocessed, .cxxModule: "c++"
    case .objectiveC, .objectiveCHeader, .objectiveCPreprocessed: "objective-c"
    case .objectiveCXX, .objectiveCXXHeader, .objectiveCXXPreprocessed: "objective-c++"
    case .assembler, .assemblerWithPreprocessor: "assembler-with-cpp"
    }
  }

  /// The language that `-x` names; nil for `none` and for what is not cached (`cuda`, `f95` …).
  package init?(driverName: String) {
    guard let language = Self.byDriverName[driverName] else { return nil }
    self = language
  }

  private static let byDriverName: [String: Language] = {
    var names: [String: Language] = [:]
    for language in allCases where language != .genericHeader {
      names[language.driverName] = language
    }
    return names
  }()

  /// The language that a driver takes a file for by its name; nil when that is not one of ours.
  /// - Parameter treatsCAsCXX: the driver is `g++` or `clang++`, to which `.c` is C++, `.h` a C++
  ///   header and `.i` preprocessed C++.
  package init?(path: String, treatsCAsCXX: Bool) {
    let name = FileName(path)
    guard let suffix = name.suffix, let language = Self.bySuffix[suffix] else { return nil }
    guard treatsCAsCXX else {
      self = language
      return
    }
    switch language {
    case .c: self = .cxx
    case .cPreprocessed: self = .cxxPreprocessed
    case .genericHeader: self = .cxxHeader
    default: self = language
    }
  }

  /// `.F`-like families are absent on purpose: what is not here is not cached.
  private static let bySuffix: [String: Language] = [
    "s": .assembler, "S": .assemblerWithPreprocessor, "sx": .assemblerWithPreprocessor,
    "c": .c, "h": .genericHeader, "i": .cPreprocessed,
    "C": .cxx, "cc": .cxx, "cp": .cxx, "cpp": .cxx, "CPP": .cxx, "cxx": .cxx, "c++": .cxx,
    "ii": .cxxPreprocessed,
    "H": .cxxHeader, "hh": .cxxHeader, "hp": .cxxHeader, "hpp": .cxxHeader, "HPP": .cxxHeader,
    "hxx": .cxxHeader, "h++": .cxxHeader, "tcc": .cxxHeader,
    "cppm": .cxxModule, "ixx": .cxxModule,
    "m": .objectiveC, "mi": .objectiveCPreprocessed,
    "M": .objectiveCXX, "mm": .objectiveCXX, "mii": .objectiveCXXPreprocessed,
  ]
}
