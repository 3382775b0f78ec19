import Testing

@testable import Farm

@Suite struct SimulationTests {
  /// What holds after every event.
  private func check(_ farm: SimulatedFarm) {
    let scheduler = farm.scheduler
    var held = 0
    for (address, server) in scheduler.servers {
      held += server.jobs.count
      let assigning = server.jobs.count { scheduler.jobs[$0]?.stage == .assigning }
      #expect(server.assigning == assigning)
      #expect(server.jobs.allSatisfy { scheduler.jobs[$0]?.server == address })
      #expect(scheduler.deadlines[.server(address)] != nil)
      #expect(server.jobs.count <= 2 * server.capacity)
    }
    #expect(held == scheduler.jobs.count, "every job is on one server that exists")
    for job in scheduler.jobs.keys { #expect(scheduler.deadlines[.job(job)] != nil) }
    #expect(scheduler.requests.count <= scheduler.jobs.count)
  }

  @Test(arguments: 0..<12)
  func anythingMayHappen(seed: UInt64) {
    let farm = SimulatedFarm(servers: 12, mishaps: 60, seed: seed)
    farm.request(1500, within: .seconds(300))
    var events = 0
    farm.run(until: Moment(nanoseconds: 0) + .seconds(400)) { farm in
      events += 1
      if events % 7 == 0 { check(farm) }
    }
    #expect(farm.waiting.isEmpty, "everybody was answered")
    #expect(farm.grants > 700)
    #expect(farm.completed > 600)
    // Nobody is heard any more: everything ends by itself.
    farm.cutNetwork()
    farm.run(until: Moment(nanoseconds: .max)) { _ in }
    #expect(farm.scheduler.jobs.isEmpty)
    #expect(farm.scheduler.servers.isEmpty)
    #expect(farm.scheduler.requests.isEmpty)
    #expect(farm.scheduler.nextDeadline == nil)
  }

  @Test func aThousandServers() {
    let farm = SimulatedFarm(servers: 1000, mishaps: 5, seed: 77)
    farm.request(20_000, within: .seconds(60))
    var events = 0
    farm.run(until: Moment(nanoseconds: 0) + .seconds(120)) { farm in
      events += 1
      if events % 20_000 == 0 { check(farm) }
    }
    #expect(farm.waiting.isEmpty)
    #expect(farm.refusals < 100, "there was room for all")
    #expect(farm.grants + farm.refusals > 19_800)
    farm.cutNetwork()
    farm.run(until: Moment(nanoseconds: .max)) { _ in }
    #expect(farm.scheduler.jobs.isEmpty)
  }

  /// Without mishaps and with jobs of one kind, no server of a size works much more than another.
  @Test func theWorkIsSpreadEvenly() throws {
    let farm = TestFarm()
    let count = 1000
    let archive = ArchiveID.numbered(1)
    for server in 0..<count { farm.beat(server, extras: HeartbeatExtras(toolchains: [archive])) }
    var given = [SocketAddress: Int]()
    for _ in 0..<7 * count { given[try #require(farm.request(archive)).server, default: 0] += 1 }
    #expect(given.count == count)
    #expect(given.values.allSatisfy { $0 == 7 })
  }

  @Test func theSameSeedGivesTheSameCourse() {
    func course(_ seed: UInt64) -> [Int] {
      let farm = SimulatedFarm(servers: 5, mishaps: 50, seed: seed)
      farm.request(300, within: .seconds(60))
      farm.run(until: Moment(nanoseconds: 0) + .seconds(90)) { _ in }
      return [farm.grants, farm.refusals, farm.completed, farm.scheduler.jobs.count]
    }
    #expect(course(4) == course(4))
    #expect(course(4) != course(5))
  }
}
