import Glibc
package import Platform

/// Why a toolchain can't be packed. Each message names the thing, the reason, and what helps.
package enum ToolchainError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The program, or a program that it starts, is no machine code.
  case script(path: String, interpreter: String)
  /// The program passes its work on to another one (ccache, distcc under a compiler's name).
  case launcher(program: String, started: String)
  /// A gcc that names neither a `cc1` nor a `cc1plus`.
  case noCompilerProper(program: String)
  /// The loader doesn't find a library here either.
  case missingLibrary(program: String, library: String)
  /// Two programs of one toolchain need different files under one library name, and at least one
  /// of them would not be found without this machine's cache of libraries or variables.
  case ambiguousLibrary(name: String, first: String, second: String)
  /// A question that the compiler must answer, and the end of what it said instead.
  case noAnswer(program: String, question: String, reason: String)
  /// A path through too many symbolic links, to something that is no file, or that isn't UTF-8.
  case unusablePath(path: String, reason: String)
  /// A file is no longer the one that was looked at: an upgrade is under way.
  case changed(path: String)
  /// Sizes in bytes; writing stopped at `size`, the whole archive may be larger.
  case exceedsLimit(program: String, size: Int64, limit: Int64)
  /// A compression library that failed: it has no memory, mostly.
  case compression(reason: String)
  /// The file that a person named can't be made.
  case output(path: String, code: Int32)
  case system(SystemError)

  package var description: String {
    switch self {
    case .script(let path, let interpreter):
      "can't pack \(path): it is a script for \(interpreter), and what a script starts can't be "
        + "known. Call the compiler behind it, or name an archive for it in [dist.toolchains]"
    case .launcher(let program, let started):
      "can't pack \(program): it is no compiler, it starts \(started). Call that one"
    case .noCompilerProper(let program):
      "can't pack \(program): it has neither a cc1 nor a cc1plus. Install the compiler for C or C++"
    case .missingLibrary(let program, let library):
      "can't pack \(program): the loader finds no \(library). Install it, or set LD_LIBRARY_PATH"
    case .ambiguousLibrary(let name, let first, let second):
      "can't pack a toolchain with two libraries \(name), \(first) and \(second): only one of them "
        + "would be found. Name an archive in [dist.toolchains]"
    case .noAnswer(let program, let question, let reason):
      "can't pack \(program): it does not answer \(question): \(reason)"
    case .unusablePath(let path, let reason):
      "can't pack \(path): \(reason)"
    case .changed(let path):
      "can't pack \(path): it changed in the meantime. Try again when the installation is complete"
    case .exceedsLimit(let program, let size, let limit):
      "the toolchain of \(program) takes at least \(size) bytes, more than the \(limit) of its cache. "
        + "Raise toolchain_cache_size in [dist]"
    case .compression(let reason):
      "can't compress a toolchain: \(reason)"
    case .output(let path, let code):
      "failed to create file `\(path)`: \(String(cString: strerror(code))) (os error \(code))"
    case .system(let error):
      error.description
    }
  }
}

/// Runs a call into the system; its failure becomes one of ours.
func system<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(ToolchainError) -> Result {
  do { return try body() } catch { throw .system(error) }
}
