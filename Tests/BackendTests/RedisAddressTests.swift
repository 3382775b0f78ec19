import Settings
import Testing
import Transport

@testable import Storage

@Suite struct RedisAddressTests {
  @Test func whatPeopleWrite() throws {
    let plain = try RedisAddress("redis://cache.example")
    #expect(plain.server == .tcp(host: "cache.example", port: 6379))
    #expect(!plain.isEncrypted)
    #expect(try RedisAddress("10.0.0.1:7000").server == .tcp(host: "10.0.0.1", port: 7000))
    #expect(try RedisAddress("tcp://[::1]:7000").server == .tcp(host: "::1", port: 7000))
    #expect(try RedisAddress("redis://[::1]").server == .tcp(host: "::1", port: 6379))
    #expect(try RedisAddress("unix:///run/redis.sock").server == .unix(path: "/run/redis.sock"))
    #expect(
      try RedisAddress("redis+unix:///run/a%20b").server == .unix(path: "/run/a b"))
    let encrypted = try RedisAddress("rediss://h:1")
    #expect(encrypted.isEncrypted && encrypted.verifies)
    #expect(try !RedisAddress("rediss://h:1/#insecure").verifies)
  }

  @Test func databases() throws {
    #expect(try RedisAddress("redis://h/3").database == 3)
    #expect(try RedisAddress("redis://h?db=4").database == 4)
    #expect(try RedisAddress("redis://h:1/?db=4").database == 4)
    #expect(try RedisAddress("unix:///s?db=5").database == 5)
    #expect(try RedisAddress("redis://h/").database == nil)
    #expect(try RedisAddress("redis://h?=&&==x&db=6").database == 6)
  }

  @Test func secretsAreTakenAndNotShown() throws {
    let full = try RedisAddress("redis://user:p%40ss@h:1/2")
    #expect(full.username == "user")
    #expect(full.password?.value == "p@ss")
    #expect(full.text == "redis://h:1/2")
    let raw = try RedisAddress("rediss://:p@:/ss#x@h:1")
    #expect(raw.username == nil)
    #expect(raw.password?.value == "p@:/ss#x")
    #expect(raw.text == "rediss://h:1")
    let socket = try RedisAddress("unix:///s?db=1&user=u&pass=geheim")
    #expect(socket.username == "u")
    #expect(socket.password?.value == "geheim")
    #expect(socket.text == "unix:///s?db=1")
  }

  @Test(arguments: [
    "", "redis://", "http://h", "redis://h:0", "redis://h:99999", "redis://h:x", "unix://relative",
    "redis://h/x", "redis://h?db=-1", "redis://a b:1", "redis://[::1]x:1", "redis://:geheim@",
  ]) func whatCannotBe(written: String) {
    let problem = #expect(throws: BackendProblem.self) { try RedisAddress(written) }
    #expect(problem?.description.contains("geheim") == false)
  }

  @Test func slots() {
    // The vector of the protocol's own text, and those that redis-cli gives.
    #expect(RedisSlot.checksum("123456789".utf8) == 0x31c3)
    #expect(RedisSlot.of("foo") == 12182)
    #expect(RedisSlot.of("{user1000}.following") == RedisSlot.of("{user1000}.followers"))
    #expect(RedisSlot.of("foo{}{bar}") == 8363)
    #expect(RedisSlot.of("") == 0)
  }

  @Test func slotsOfACluster() throws {
    let asked = StreamAddress.tcp(host: "seed", port: 1)
    func range(_ first: Int, _ last: Int, _ host: RedisReply, _ port: Int) -> RedisReply {
      .array([
        .integer(first), .integer(last), .array([host, .integer(port), .bytes([])]),
        .array([.bytes(Array("replica".utf8)), .integer(9)]),
      ])
    }
    var slots = try #require(
      RedisSlots(
        .array([range(0, 99, .bytes(Array("a".utf8)), 2), range(100, 16383, .null, 3)]),
        asked: asked))
    #expect(slots.server(of: 99) == .tcp(host: "a", port: 2))
    #expect(slots.server(of: 100) == .tcp(host: "seed", port: 3))
    slots.move(100, to: .tcp(host: "b", port: 4))
    #expect(slots.server(of: 100) == .tcp(host: "b", port: 4))
    for bad in [
      RedisReply.null, .array([]), .array([.integer(1)]), .array([range(5, 3, .null, 3)]),
      .array([range(0, 16384, .null, 3)]), .array([range(0, 5, .null, 70000)]),
      .array([range(0, -7, .null, 3)]), .array([range(-7, -5, .null, 3)]),
      .array([range(-1, 16383, .null, 3)]),
    ] {
      #expect(RedisSlots(bad, asked: asked) == nil)
    }
  }

  @Test func aClusterIsReachedInOneWay() {
    func problem(_ addresses: [String], database: Int = 0) -> String? {
      var settings = RedisSettings(endpoint: "")
      settings.endpoint = nil
      settings.clusterEndpoints = addresses
      settings.database = database
      do throws(BackendProblem) {
        _ = try BlobServices.service(for: .redis(settings), BackendContext(variable: { _ in nil }))
        return nil
      } catch {
        return error.description
      }
    }
    #expect(problem(["redis://a", "b:1"]) == nil)
    #expect(problem(["redis://a", "rediss://b"]) != nil)
    #expect(problem(["redis://a", "unix:///b"]) != nil)
    #expect(problem(["redis://a"], database: 1) != nil)
  }
}
