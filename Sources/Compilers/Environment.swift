/// Environment variables that gcc and clang read.
///
/// Sources: the chapters on environment variables of both manuals, and the names found in the
/// programs of gcc 12, clang 14 and clang 19.
package enum CompilerEnvironment {
  /// Variables whose value enters the key of this compilation: they choose headers and programs,
  /// change the output, or change the language and look of diagnostics.
  ///
  /// `SOURCE_DATE_EPOCH` is not among them: it matters only to a source that uses `__DATE__` or
  /// `__TIME__`.
  package static func relevantVariableNames(for compilation: Compilation) -> [String] {
    var names = always
    if !compilation.language.isPreprocessed { names += headers }
    if compilation.language.isCXX {
      names += ["CPLUS_INCLUDE_PATH"]
    } else if !compilation.language.isPreprocessed {
      names += ["C_INCLUDE_PATH"]
      // A generic header or assembly may be looked at as either.
      if compilation.language == .genericHeader { names += ["CPLUS_INCLUDE_PATH"] }
    }
    if compilation.colour != .never { names += colours }
    if compilation.sensitivity.contains(.directory) { names.append("PWD") }
    return names
  }

  /// Lists of include directories: `CPATH`'s stand behind `-I`, the others' behind `-isystem`.
  package static let includeVariables = [
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH",
  ]

  /// Those whose directories a compilation of this language searches behind `-isystem`'s, in order;
  /// each language has its own (measured with gcc 11 and 12, clang 14 and 19).
  package static func systemIncludeVariables(
    for language: Language, family: Compiler.Family
  ) -> [String] {
    switch language {
    case .c, .cHeader, .cPreprocessed, .genericHeader, .assembler, .assemblerWithPreprocessor:
      ["C_INCLUDE_PATH"]
    case .cxx, .cxxHeader, .cxxPreprocessed, .cxxModule:
      ["CPLUS_INCLUDE_PATH"]
    case .objectiveC, .objectiveCHeader, .objectiveCPreprocessed:
      ["OBJC_INCLUDE_PATH"]
    case .objectiveCXX, .objectiveCXXHeader, .objectiveCXXPreprocessed:
      family == .gcc
        ? ["OBJCPLUS_INCLUDE_PATH"] : ["CPLUS_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH"]
    }
  }

  /// Every variable that begins so enters the key (Emscripten's settings).
  package static let relevantPrefixes = ["EM_", "EMCC_"]

  /// A call with one of these set is not cached, for it writes files that we don't know of, or
  /// rewrites its own command line.
  package static let forbiddingVariables = [
    "DEPENDENCIES_OUTPUT",
    "SUNPRO_DEPENDENCIES",
    "GCC_COMPARE_DEBUG",
    "GCC_EXTRA_DIAGNOSTIC_OUTPUT",
    "COLLECT_AS_OPTIONS",
    "CC_PRINT_OPTIONS",
    "CC_PRINT_HEADERS",
    "CC_PRINT_INTERNAL_STAT",
    "CC_PRINT_PROC_STAT",
    "CC_LOG_DIAGNOSTICS",
    "CCC_OVERRIDE_OPTIONS",
    "QA_OVERRIDE_GCC3_OPTIONS",
    "RC_DEBUG_OPTIONS",
    "RC_DEBUG_PREFIX_MAP",
    "FORCE_CLANG_DIAGNOSTICS_CRASH",
    "EMCC_CFLAGS",
    "EMCC_DEBUG",
  ]

  private static let always = [
    "COMPILER_PATH", "GCC_EXEC_PREFIX", "LD_LIBRARY_PATH", "LD_PRELOAD", "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET", "IPHONEOS_DEPLOYMENT_TARGET", "TVOS_DEPLOYMENT_TARGET",
    "WATCHOS_DEPLOYMENT_TARGET", "XROS_DEPLOYMENT_TARGET", "DRIVERKIT_DEPLOYMENT_TARGET",
    "CLANG_NO_DEFAULT_CONFIG", "SCE_ORBIS_SDK_DIR", "SCE_PROSPERO_SDK_DIR",
    "SCCACHE_C_CUSTOM_CACHE_BUSTER",
    "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANG", "LANGUAGE",
  ]

  private static let headers = ["CPATH", "OBJC_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH"]

  /// Links in diagnostics depend on the terminal's kind.
  private static let colours = ["GCC_COLORS", "GCC_URLS", "TERM_URLS"]
}
