import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

/// A build of many files by a client of a farm, made twice: plainly, and through the farm while something
/// happens to it.
struct FarmBuild {
  enum Kind {
    /// C++ that takes the compiler a moment each.
    case slow
    /// Small C files.
    case quick
  }

  let client: Sandbox
  let count: Int
  let kind: Kind

  init(_ client: Sandbox, _ count: Int, _ kind: Kind = .slow) throws {
    self.client = client
    self.count = count
    self.kind = kind
    try client.write(
      "common.h", kind == .slow ? "#include <map>\n#include <string>\n" : "#include <stdio.h>\n")
    for number in 0..<count {
      try client.write(source(number), text(number), settle: false)
    }
    pause(milliseconds: 15)
  }

  var compiler: String { kind == .slow ? "g++" : "gcc" }

  private func source(_ number: Int) -> String { "f\(number)" + (kind == .slow ? ".cc" : ".c") }

  private func text(_ number: Int) -> String {
    switch kind {
    case .slow:
      """
      #include "common.h"
      std::map<std::string, int> table\(number) = {{"a", \(number)}, {"b", 2}};
      std::string find\(number)(int x) {
        for (auto &one : table\(number)) if (one.second == x) return one.first;
        return {};
      }

      """
    case .quick:
      """
      #include "common.h"
      int show\(number)(int x) { return printf("%d of %d\\n", x, \(number)); }

      """
    }
  }

  /// How many objects lie there.
  var progress: Int {
    Files.names(in: client.work)?.count { $0.hasPrefix("f") && $0.hasSuffix(".o") } ?? 0
  }

  func wait(forObjects wanted: Int, seconds: Int64 = 60) {
    let end = Clock.monotonic + seconds * 1_000_000_000
    while progress < wanted, Clock.monotonic < end { pause(milliseconds: 10) }
  }

  /// Builds all files, four at once, while `meanwhile` happens; every object must be right, and nothing
  /// else be written.
  ///
  /// - Parameters:
  ///   - seconds: a build that takes longer hangs.
  ///   - maySay: whether a line of warning is all right; nobody but the wrapper prints one.
  func run(
    seconds: Int64 = 120, maySay: Bool = false, meanwhile: () throws -> Void = {},
    location: SourceLocation = #_sourceLocation
  ) throws {
    let sources = (0..<count).map(source)
    try client.write("list", sources.joined(separator: "\n") + "\n")
    let wanted = try plainObjects(sources)
    let started = Clock.monotonic
    let variables = client.environment.merging(["SCCACHE": client.program]) { $1 }
    let log = client.root + "/build.log"
    unlink(log)
    let running = try BackgroundProcess(
      "/bin/sh",
      [
        "-c",
        "cd \(client.work) && xargs -P4 -I@ \"$SCCACHE\" \(compiler) -O1 -c @ -o @.o <list",
      ], environment: variables, log: log)
    try meanwhile()
    while running.isRunning, Clock.monotonic < started + seconds * 1_000_000_000 {
      pause(milliseconds: 20)
    }
    let isOver = !running.isRunning
    #expect(isOver, "the build hangs", sourceLocation: location)
    #expect(running.exitCode == 0, "\(running.said)", sourceLocation: location)
    let said = running.said.split(separator: "\n").filter { !maySay || !$0.contains("warning") }
    #expect(said == [], sourceLocation: location)
    for name in sources {
      let isSame = (try? client.read("\(name).o")) == wanted[name]
      #expect(isSame, "\(name).o", sourceLocation: location)
    }
    let left = Files.names(in: client.work)?.filter { $0.hasPrefix(".sccache") } ?? []
    #expect(left == [], sourceLocation: location)
  }

  /// What the compiler makes of the sources in `list`. The same in every test: compiled once for all of them.
  private func plainObjects(_ sources: [String]) throws -> [String: [UInt8]] {
    let missing = Self.known.withLock { known in sources.filter { known[$0] == nil } }
    if !missing.isEmpty {
      try client.write("missing", missing.joined(separator: "\n") + "\n")
      let made = try client.plain([
        "sh", "-c",
        "mkdir plain && xargs -P2 -I@ \(compiler) -O1 -c @ -o plain/@.o <missing",
      ])
      try #require(made.isSuccess, "\(made.errorText)")
      for name in missing {
        let object = try client.read("plain/\(name).o")
        Self.known.withLock { $0[name] = object }
      }
    }
    return Self.known.withLock { $0 }
  }

  private static let known = Mutex<[String: [UInt8]]>([:])
}
