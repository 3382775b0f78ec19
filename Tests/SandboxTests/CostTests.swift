import Glibc
import Platform
import Testing

@testable import Sandbox

/// What a job costs over a bare spawn of the same program, beside a bubblewrap per job with an overlay
/// (Mozilla's recipe). `SANDBOX_ROUNDS` asks for more rounds than a test needs.
@Suite(.serialized) struct CostTests {
  @Test func costOfAJob() throws {
    let rounds = getenv("SANDBOX_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 40
    let tree = try Ground.toolchains.get() + "/gcc"
    let slot = try Ground.slot()
    var job = Job.probe("")
    var archive = TarBuilder()
    archive.file("work/a.i", "int a;\n")
    job.outputs = [Array("a.o".utf8)]
    job.inputs = .archive(archive.finished())
    _ = try slot.run(job)
    let recipe = geteuid() == 0 ? try Recipe(tree: tree) : nil
    var bare: [Int64] = []
    var inSlot: [Int64] = []
    var inRecipe: [Int64] = []
    for _ in 0..<rounds {
      bare.append(
        try microseconds {
          _ = try Spawn.run(tree + "/usr/bin/probe", [], environment: [], directory: "/")
        })
      inSlot.append(
        try microseconds {
          let outcome = try slot.run(job)
          #expect(outcome.ending == .exited(0))
        })
      if let recipe { inRecipe.append(try recipe.run()) }
    }
    let starts = try (0..<9).map { _ in
      slot.close()
      return try microseconds { try slot.prepare() }
    }
    print(
      "cost of a job in us, median (minimum): bare spawn \(figures(bare)), slot \(figures(inSlot)), "
        + "bubblewrap and overlay per job \(figures(inRecipe)); start of a slot \(figures(starts))")
    // The machine may be busy: the quiet quarter of the rounds is what is held to the aim.
    let overhead = quarter(inSlot) - quarter(bare)
    #expect(overhead < 10_000, "\(overhead) us over a bare spawn")
    if geteuid() == 0 { #expect(quarter(inSlot) < quarter(inRecipe)) }
  }

  private func microseconds(_ body: () throws -> Void) rethrows -> Int64 {
    let start = Clock.monotonic
    try body()
    return (Clock.monotonic - start) / 1000
  }

  private func figures(_ times: [Int64]) -> String {
    let sorted = times.sorted()
    guard let least = sorted.first else { return "-" }
    return "\(sorted[sorted.count / 2]) (\(least))"
  }

  private func quarter(_ times: [Int64]) -> Int64 { times.sorted()[times.count / 4] }
}

/// The way of Mozilla's server, in a mount namespace of its own: the host sees nothing of it. The program
/// measures itself, so that starting it does not count.
private struct Recipe {
  var tree: String
  var program: String

  init(tree: String) throws {
    self.tree = tree
    program = Ground.root + "/recipe"
    let source = Path.directory(of: #filePath) + "/Toolchain/recipe.c"
    let made = try Spawn.run(
      "/usr/bin/gcc", ["-O1", "-o", program, source],
      environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: "/")
    #expect(made.isSuccess, "\(String(decoding: made.errors, as: UTF8.self))")
  }

  /// Microseconds.
  func run() throws -> Int64 {
    let result = try Spawn.run(
      "/usr/bin/unshare", ["-m", program, tree, Ground.root + "/recipe-job", Ground.bubblewrap],
      environment: [], directory: "/")
    #expect(result.isSuccess, "\(String(decoding: result.errors, as: UTF8.self))")
    let digits = result.output.prefix { $0 >= 48 && $0 <= 57 }
    return try #require(Int64(String(decoding: digits, as: UTF8.self)))
  }
}
