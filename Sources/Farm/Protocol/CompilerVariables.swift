/// What of a caller's environment a compiler on another machine looks at: the rest stays where it is.
/// Mozilla's clients send all that they have, tokens and all, so a server filters, too.
package enum CompilerVariables {
  private static let names: Set<String> = [
    "PATH", "LANG", "LANGUAGE", "PWD", "SOURCE_DATE_EPOCH", "COMPILER_PATH", "GCC_EXEC_PREFIX",
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH",
    "CCC_OVERRIDE_OPTIONS", "MACOSX_DEPLOYMENT_TARGET", "IPHONEOS_DEPLOYMENT_TARGET",
    "LD_LIBRARY_PATH",
  ]

  package static func matter(_ name: String) -> Bool {
    names.contains(name) || name.hasPrefix("LC_")
  }
}
