import Testing

@testable import Farm

@Suite struct AssignmentTests {
  @Test func nobodyIsThere() {
    let farm = TestFarm()
    let actions = farm.send(.allocate(RequestID(7), .numbered(1)))
    #expect(actions == [.refuse(RequestID(7), .noCapacity(servers: 0))])
    #expect(
      actions.refusals.first?.answer
        == .failure("Insufficient capacity across 0 available servers"))
  }

  @Test(arguments: [(1, 2), (2, 3), (8, 10), (16, 19), (64, 73), (5000, 1024 + 1 + 128)])
  func capacity(cpus: Int, slots: Int) {
    let farm = TestFarm()
    farm.beat(1, cpus: cpus)
    for _ in 0..<slots { #expect(farm.request() != nil) }
    #expect(farm.request() == nil)
    #expect(farm.scheduler.status.jobs == UInt64(slots))
  }

  @Test(arguments: [true, false])
  func anIdleFarmSpreads(allHaveTheToolchain: Bool) throws {
    let farm = TestFarm()
    let extras = HeartbeatExtras(toolchains: allHaveTheToolchain ? [.numbered(1)] : [])
    for server in 0..<24 { farm.beat(server, extras: extras) }
    var chosen: [SocketAddress: Int] = [:]
    for _ in 0..<72 { chosen[try #require(farm.request()).server, default: 0] += 1 }
    #expect(chosen.count == 24)
    #expect(chosen.values.allSatisfy { $0 == 3 })
  }

  /// One job at a time never stays on one server.
  @Test func tiesRotate() throws {
    let farm = TestFarm()
    for server in 0..<5 { farm.beat(server, extras: HeartbeatExtras(toolchains: [.numbered(1)])) }
    var order: [SocketAddress] = []
    for _ in 0..<15 {
      let grant = try farm.start()
      order.append(grant.server)
      #expect(farm.report(grant, .complete) == [.acknowledge])
    }
    #expect(Set(order.prefix(5)).count == 5)
    #expect(order.prefix(5) == order.dropFirst(5).prefix(5))
    #expect(order.prefix(5) == order.suffix(5))
  }

  @Test func largeServersGetMore() throws {
    let farm = TestFarm()
    farm.beat(1, cpus: 4)
    farm.beat(2, cpus: 16)
    var chosen: [SocketAddress: Int] = [:]
    for _ in 0..<20 { chosen[try #require(farm.request()).server, default: 0] += 1 }
    #expect(chosen[.numbered(1)] == 4)
    #expect(chosen[.numbered(2)] == 16)
  }

  @Test func aServerThatHasTheToolchainComesFirst() throws {
    let farm = TestFarm()
    for server in 0..<4 { farm.beat(server) }
    farm.beat(4, extras: HeartbeatExtras(toolchains: [.numbered(1)]))
    // Half a job per CPU is the price of an upload; then the others get their turn.
    for _ in 0..<5 { #expect(try #require(farm.request()).server == .numbered(4)) }
    #expect(try #require(farm.request()).server != .numbered(4))
    #expect(try #require(farm.request(.numbered(2))).server != .numbered(4))
  }

  @Test func whoHasTheToolchainIsLearnt() throws {
    let farm = TestFarm()
    for server in 0..<3 { farm.beat(server) }
    let first = try farm.grant(needsToolchain: true)
    #expect(farm.report(first, .ready) == [.acknowledge])
    #expect(farm.report(first, .started) == [.acknowledge])
    #expect(farm.report(first, .complete) == [.acknowledge])
    for _ in 0..<2 {
      let next = try farm.start()
      #expect(next.server == first.server)
      #expect(farm.report(next, .complete) == [.acknowledge])
    }
    // It was evicted there: the server says so.
    let last = try farm.grant(needsToolchain: true)
    #expect(last.server == first.server)
    farm.send(.cancelled(last.job))
    #expect(try #require(farm.request()).server != first.server)
  }

  @Test func rememberedToolchainsAreBounded() throws {
    var policy = SchedulerPolicy()
    policy.rememberedToolchains = 2
    let farm = TestFarm(policy)
    farm.beat(1)
    for number: UInt8 in 1...3 { farm.send(.cancelled(try farm.grant(.numbered(number)).job)) }
    #expect(
      farm.scheduler.serverReports.map(\.toolchains) == [[.numbered(3), .numbered(2)]])
    farm.beat(2)
    #expect(try #require(farm.request(.numbered(3))).server == .numbered(1))
    // Forgotten: only the load counts.
    #expect(try #require(farm.request(.numbered(1))).server == .numbered(2))
  }

  @Test func memoryLimits() throws {
    let farm = TestFarm()
    func extras(_ free: UInt64) -> HeartbeatExtras { HeartbeatExtras(freeMemory: free) }
    farm.beat(1, extras: extras(3 * 512 << 20))
    for _ in 0..<3 { #expect(farm.request() != nil) }
    #expect(farm.request() == nil)
    farm.beat(1, extras: extras(512 << 20))
    #expect(farm.request() != nil)
    #expect(farm.request() == nil)
    farm.beat(2, extras: extras(0))
    #expect(farm.request()?.server == .numbered(2), "one job always fits")
    #expect(farm.request() == nil)
  }

  @Test func aFullFarmSaysNoAtOnce() {
    let farm = TestFarm()
    for server in 0..<3 { farm.beat(server, cpus: 1) }
    for _ in 0..<6 { #expect(farm.request() != nil) }
    #expect(
      farm.send(.allocate(RequestID(99), .numbered(1)))
        == [.refuse(RequestID(99), .noCapacity(servers: 3))])
  }
}
