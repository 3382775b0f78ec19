import Platform
import Testing

extension Sandbox {
  /// Compiles `source` plainly, then by each of the shell's calls with a link to the wrapper, named like
  /// the compiler, first in PATH. Each must print no error and give the plain object.
  ///
  /// - Parameter seconds: after which a call that goes round in circles is ended.
  func masquerades(
    as compiler: String, source: String, calls: [String], seconds: Int,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try plain([compiler, "-Iinc", "-c", source, "-o", "wanted.o"])
    try makeDirectory("bin")
    link(Programs.wrapper, at: "bin/\(compiler)")
    let path = self.path("bin") + ":" + Programs.searchPath
    for (round, call) in calls.enumerated() {
      let result = try shell(
        "timeout \(seconds) \(call) -Iinc -c \(source) -o a.o", with: ["PATH": path])
      #expect(
        result.isSuccess && result.errorText == "", "\(result.errorText)", sourceLocation: location)
      #expect(
        try read("a.o") == read("wanted.o"), "\(call), call \(round)", sourceLocation: location)
      remove("a.o")
      _ = try settled()
    }
  }
}
