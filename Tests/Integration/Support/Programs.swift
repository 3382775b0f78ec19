import Glibc
import Platform

/// The programs under test.
enum Programs {
  /// The directory with `sccache` and `sccached`: `SCCACHE_TEST_PROGRAMS`, else where the test bundle
  /// was built.
  static let directory: String = {
    if let named = getenv("SCCACHE_TEST_PROGRAMS") { return String(cString: named) }
    for path in CommandLine.arguments + [realPath("/proc/self/exe")] {
      var directory = Path.directory(of: realPath(path))
      for _ in 0..<4 where directory != "/" && directory != "." {
        if access(directory + "/sccached", X_OK) == 0 { return directory }
        directory = Path.directory(of: directory)
      }
    }
    return "."
  }()

  static var wrapper: String { directory + "/sccache" }
  static var daemon: String { directory + "/sccached" }

  static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  static func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Where a program is installed.
  static func find(_ name: String, in searchPath: String = searchPath) throws -> String {
    if name.contains("/") { return name }
    for directory in searchPath.split(separator: ":") {
      let path = "\(directory)/\(name)"
      if access(path, X_OK) == 0 { return path }
    }
    throw Missing(program: name)
  }

  /// What a person has to do to run this test.
  struct Missing: Error, CustomStringConvertible {
    var program: String
    var description: String {
      "\(program) is missing: apt-get install \(Programs.packages[program] ?? program)"
    }
  }

  private static let packages = [
    "g++-11": "g++-11", "clang++-14": "clang-14", "clang++-16": "clang-16",
    "clang++-19": "clang-19", "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "aarch64-linux-gnu-g++": "g++-aarch64-linux-gnu",
    "arm-linux-gnueabihf-gcc": "gcc-arm-linux-gnueabihf",
    "arm-linux-gnueabihf-g++": "g++-arm-linux-gnueabihf",
    "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64",
    "x86_64-w64-mingw32-g++": "g++-mingw-w64-x86-64", "emcc": "emscripten",
    "em++": "emscripten", "script": "bsdutils", "unshare": "util-linux",
    "ip": "iproute2", "nginx": "nginx-light",
  ]
}

/// The compilers that most tests run with.
enum Compilers {
  static let c = ["gcc-11", "gcc", "clang-14", "clang-16", "clang-19"]
  static let cxx = ["g++-11", "g++", "clang++-14", "clang++-16", "clang++-19"]
  static let gcc = ["gcc-11", "gcc"]
  static let clang = ["clang-14", "clang-16", "clang-19"]
  static let clangCXX = ["clang++-14", "clang++-16", "clang++-19"]
  static let cross = [
    "arm-linux-gnueabihf-gcc", "aarch64-linux-gnu-gcc", "x86_64-w64-mingw32-gcc",
  ]
  static let crossCXX = [
    "arm-linux-gnueabihf-g++", "aarch64-linux-gnu-g++", "x86_64-w64-mingw32-g++",
  ]
  /// One of each family, for what does not depend on the version.
  static let both = ["gcc", "clang-19"]
  static let bothCXX = ["g++", "clang++-19"]
}
