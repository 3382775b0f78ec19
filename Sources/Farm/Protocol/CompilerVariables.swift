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

  /// Of what a client sent, what reaches a job. A crate asks for variables of any name (`env!`,
  /// `option_env!`, procedural macros), and is another one without them; what would change the compiler's
  /// own process stays away, and so does cargo's jobserver, whose descriptors are on the client.
  package static func reaches(_ executable: String, _ name: String) -> Bool {
    if matter(name) { return true }
    let program = executable.split(separator: "/").last ?? ""
    guard program == "rustc" || program == "clippy-driver" else { return false }
    return !name.hasPrefix("LD_")
      && !["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS", "TMPDIR"].contains(name)
  }
}
