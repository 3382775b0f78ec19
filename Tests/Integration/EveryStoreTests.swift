import Platform
import StoreServers
import TestSupport
import Testing

/// What holds of every kind of store, through the whole program.
@Suite(.blocking) struct EveryStoreTests {
  private let command = ["gcc", "-c", "a.c"]

  /// A machine with nothing but the sources. It waits long, since many tests share this machine's cores.
  private func machine(_ environment: [String: String]) throws -> Sandbox {
    let box = try Sandbox(environment)
    for what in ["CONNECT", "LOOKUP", "TRANSFER", "FLUSH"] {
      box.environment["SCCACHE_REMOTE_\(what)_TIMEOUT_MS"] = "60000"
    }
    box.environment["SCCACHE_LOG"] = "trace"
    box.environment["SCCACHE_ERROR_LOG"] = box.root + "/daemon.log"
    try box.write("h.h", "#include <stddef.h>\n#define H 1\n")
    try box.write("a.c", "#include \"h.h\"\nint a = H;\n")
    return box
  }

  /// A machine that compiles and stores. Its daemon has written everything when this returns.
  @discardableResult
  private func written(_ environment: [String: String]) throws -> [UInt8] {
    let box = try machine(environment)
    try box.compile(command, .miss)
    let object = try box.read("a.o")
    try box.stopServer()
    return object
  }

  @Test(arguments: StoreKind.allCases) func aSecondMachineHits(_ kind: StoreKind) throws {
    try kind.withServer { store in
      let object = try written(store.environment())
      let second = try machine(store.environment())
      try second.compile(command, .hit)
      #expect(try second.read("a.o") == object)
      let statistics = try second.statistics()
      #expect(statistics.extra("direct_hits") == 1 && statistics.count("compilations") == 0)
      let shown = try second.sccache(["--show-stats"]).outputText
      #expect(shown.contains("\(kind.scheme), name: "), "\(shown)")
    }
  }

  @Test(arguments: StoreKind.allCases) func prefixesAreApart(_ kind: StoreKind) throws {
    try kind.withServer { store in
      try written(store.environment())
      let stranger = try machine(store.environment(prefix: "others"))
      try stranger.compile(command, .miss)
    }
  }

  @Test(arguments: StoreKind.allCases) func readersDontWrite(_ kind: StoreKind) throws {
    try kind.withServer { store in
      try written(store.environment())
      for _ in 0..<2 {
        let reader = try machine(store.readersEnvironment)
        try reader.compile(command, .hit)
        try reader.write("b.c", "int b;\n")
        // Also the second one: the first stored nothing.
        try reader.isRight(["gcc", "-c", "b.c"], .unstored, output: "b.o")
        try reader.stopServer()
      }
    }
  }

  /// The build goes on, nothing gets into the store, and the person reads one line and no secret.
  @Test(arguments: StoreKind.guarded) func wrongCredentials(_ kind: StoreKind) throws {
    try kind.withServer { store in
      let stranger = try machine(store.strangersEnvironment)
      var said: [String] = []
      for name in ["a", "b", "c"] {
        if name != "a" { try stranger.write("\(name).c", "int \(name);\n") }
        let result = try stranger.sccache(["gcc", "-c", "\(name).c"])
        #expect(result.isSuccess && result.output.isEmpty)
        said += result.errorText.split(separator: "\n").map(String.init)
        try stranger.plain(["gcc", "-c", "\(name).c", "-o", "plain.o"])
        #expect(try stranger.read("\(name).o") == stranger.read("plain.o"))
      }
      #expect(
        said.count <= 1 && said.allSatisfy { $0.contains("the store \(kind.name)") }, "\(said)")
      try expectTrouble(stranger, kind)
      try expectNoSecrets(of: store, said: said.joined(), in: stranger)
      // Whoever may come in finds nothing.
      try written(store.environment())
    }
  }

  private func expectTrouble(_ box: Sandbox, _ kind: StoreKind) throws {
    let statistics = try box.settled()
    #expect(statistics.hits == 0 && statistics.misses == 3)
    #expect(statistics.writes == 0 || kind.sendsLater)
    let state = statistics.json["extra"]["remote_stores"].elements.first ?? .null
    #expect(state["read_failures"].total > 0, "\(state)")
    #expect(state["trouble"].text?.contains("it refuses") == true, "\(state)")
  }

  private func expectNoSecrets(of store: StoreServer, said: String, in box: Sandbox) throws {
    var said = said
    for mode in [
      ["--show-stats"], ["--show-stats", "--stats-format=json"], ["--show-config"],
      ["--ping-storage"], ["--stop-server"],
    ] {
      let result = try box.sccache(mode)
      said += result.outputText + result.errorText
    }
    said += try String(contentsOf: box.root + "/daemon.log")
    for secret in store.secrets { #expect(!said.contains(secret), "\(secret)") }
  }

  /// Noise that is larger than what a server says before its entry, and cheap to compile.
  private static let large: String = {
    var generator = SeededGenerator(seed: 3)
    let numbers = (0..<60_000).map { _ in "\(generator.next() >> 40)" }
    return "unsigned large[] = {\(numbers.joined(separator: ","))};\n"
  }()

  /// The server stops in the middle of an entry, or hardly goes on: the result is made here, nothing is left
  /// of what came, and the next machine hits.
  @Test(
    arguments: StoreKind.onNetwork,
    [FaultyRelay.Harm.cut(after: 60_000), .slow(after: 60_000)])
  func harmInAnEntryCostsTheHitAlone(_ kind: StoreKind, _ harm: FaultyRelay.Harm) throws {
    try kind.withServer { store in
      let relay = try FaultyRelay(to: store.server.port)
      let environment = store.environment(through: relay.port).merging(
        ["SCCACHE_REMOTE_SKIP_SLOW_HITS": "false"]) { $1 }
      func machine() throws -> Sandbox {
        let box = try self.machine(environment)
        try box.write("a.c", Self.large)
        return box
      }
      let first = try machine()
      try first.compile(command, .miss)
      let object = try first.read("a.o")
      #expect(object.count > 200_000)
      try first.stopServer()
      let second = try machine()
      second.environment["SCCACHE_REMOTE_TRANSFER_TIMEOUT_MS"] = "3000"
      relay.does(harm)
      let result = try second.sccache(command)
      #expect(result.isSuccess && result.output.isEmpty)
      #expect(result.errorText.split(separator: "\n").count <= 1, "\(result.errorText)")
      #expect(try second.read("a.o") == object)
      let statistics = try second.settled()
      #expect(statistics.hits == 0 && statistics.count("compilations") == 1)
      relay.does(.none)
      let third = try machine()
      try third.compile(command, .hit)
      #expect(try third.read("a.o") == object)
    }
  }

  @Test(arguments: StoreKind.allCases) func pingOfAGoodStore(_ kind: StoreKind) throws {
    try kind.withServer { store in
      let result = try machine(store.environment()).sccache(["--ping-storage"])
      #expect(result.isSuccess && result.errorText.isEmpty)
      #expect(result.outputText.hasPrefix("L0 (\(kind.name)), \(kind.scheme), name: "))
      #expect(result.outputText.contains(": good, "), "\(result.outputText)")
    }
  }

  @Test(arguments: StoreKind.guarded) func pingWithWrongCredentials(_ kind: StoreKind) throws {
    try kind.withServer { store in
      let result = try machine(store.strangersEnvironment).sccache(["--ping-storage"])
      #expect(result.exitCode == 1)
      #expect(result.outputText.hasPrefix("L0 (\(kind.name)), "))
      #expect(result.outputText.contains("it refuses"), "\(result.outputText)")
    }
  }
}
