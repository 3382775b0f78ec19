import Platform
import Testing

@testable import sccached

@Suite struct TokensTests {
  @Test func asManyAsThereAre() {
    let tokens = Tokens(count: 2)
    #expect(tokens.acquire { false })
    #expect(tokens.acquire { false })
    #expect(!tokens.acquire { false })
    tokens.release()
    #expect(tokens.acquire { false })
  }

  @Test func waitersGetWhatIsReleased() {
    let tokens = Tokens(count: 1)
    #expect(tokens.acquire { true })
    let got = onThread { tokens.acquire { true } }
    tokens.release()
    #expect(got.awaited() == true)
  }

  @Test func whoIsGoneWaitsNoLonger() {
    let tokens = Tokens(count: 0)
    let asked = Monitor(0)
    let got = onThread {
      tokens.acquire {
        asked.withLock { count in
          count += 1
          return count < 2
        }
      }
    }
    #expect(got.awaited() == false)
    #expect(asked.withLock { $0 } == 2)
  }

  @Test(arguments: [
    ("MAKEFLAGS= -j --jobserver-auth=3,4", true), ("MAKEFLAGS=--jobserver-auth=fifo:/tmp/x", true),
    ("MAKEFLAGS=--jobserver-fds=3,4 -j", true), ("MFLAGS=-j --jobserver-auth=3,4", true),
    ("CARGO_MAKEFLAGS=-j --jobserver-fds=3,4", true), ("MAKEFLAGS=-j4", false),
    ("MAKEFLAGS=", false),
    ("XMAKEFLAGS=--jobserver-auth=3,4", false),
  ])
  func jobservers(variable: String, expected: Bool) {
    #expect(Tokens.callerHasJobserver(RequestEnvironment(variable)) == expected)
  }
}

@Suite struct SingleFlightTests {
  private let key = Digest.of([1])

  @Test func oneLeads() {
    let flights = SingleFlight()
    #expect(flights.lead(key) { true } == true)
    #expect(flights.lead(Digest.of([2])) { true } == true)
    let other = onThread { [key] in flights.lead(key) { true } }
    flights.end(key)
    // The other one waited, and now looks for the result.
    let found: Bool?? = other.awaited()
    #expect(found == .some(false) || found == .some(true))
    #expect(flights.lead(Digest.of([3])) { true } == true)
  }

  @Test func aWaiterIsToldOfTheEnd() {
    let flights = SingleFlight()
    #expect(flights.lead(key) { true } == true)
    let asked = Monitor(false)
    let other = onThread { [key] in
      flights.lead(key) {
        asked.change { $0 = true }
        return true
      }
    }
    // It waits for at least a second, and then asks whether it is still wanted.
    #expect(asked.wait(until: Clock.monotonic + 30_000_000_000) { $0 ? true : nil } == true)
    flights.end(key)
    let found: Bool?? = other.awaited()
    #expect(found == .some(false))
    #expect(flights.lead(key) { true } == true)
  }

  @Test func whoIsGoneWaitsNoLonger() {
    let flights = SingleFlight()
    #expect(flights.lead(key) { true } == true)
    #expect(flights.lead(key) { false } == nil)
  }

  @Test func endingTwiceDoesNoHarm() {
    let flights = SingleFlight()
    flights.end(key)
    #expect(flights.lead(key) { true } == true)
    flights.end(key)
    flights.end(key)
    #expect(flights.lead(key) { true } == true)
  }
}

@Suite struct RequestEnvironmentTests {
  private let environment = RequestEnvironment(
    "A=1", "AB=2", "EMPTY=", "NOVALUE", "A=second", "X=a=b", "=odd", "EM_ONE=1", "EM_TWO=2")

  @Test(
    arguments: [
      ("A", "1"), ("AB", "2"), ("EMPTY", ""), ("X", "a=b"), ("NOVALUE", nil), ("MISSING", nil),
      ("a", nil),
      ("", nil), ("A=1", nil),
    ] as [(String, String?)])
  func values(name: String, value: String?) {
    #expect(environment.value(name) == value)
    #expect(environment.bytes(name).map { Array($0) } == value.map { Array($0.utf8) })
  }

  @Test func prefixes() {
    #expect(
      environment.variables(withPrefix: "EM_") == ["EM_ONE=1", "EM_TWO=2"].map { Array($0.utf8) })
    #expect(environment.variables(withPrefix: "ZZ") == [])
  }

  @Test func whatRuns() {
    let outer = RequestEnvironment(
      variables: RequestEnvironment("A=1").variables(running: "/bin/x"))
    #expect(outer.runningPrograms == ["/bin/x"])
    let inner = RequestEnvironment(variables: outer.variables(running: "/bin/y"))
    #expect(inner.runningPrograms == ["/bin/x", "/bin/y"])
    #expect(inner.value("A") == "1" && inner.value("SCCACHE_RUNNING") == "1")
    #expect(environment.runningPrograms == [])
  }

  @Test func bytesNeedNotBeText() {
    let environment = RequestEnvironment(variables: [Array("P=".utf8) + [0xff, 0x41]])
    #expect(environment.value("P") == nil)
    #expect(environment.bytes("P").map { Array($0) } == [0xff, 0x41])
  }
}

@Suite struct IndirectKeysTests {
  @Test func remembersAndIsBounded() {
    let keys = IndirectKeys()
    #expect(!keys.contains(Digest.of([1])))
    keys.insert(Digest.of([1]))
    #expect(keys.contains(Digest.of([1])))
    #expect(!keys.contains(Digest.of([2])))
  }
}
