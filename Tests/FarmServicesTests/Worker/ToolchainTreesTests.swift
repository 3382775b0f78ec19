import Farm
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@testable import FarmServices

/// Unpacks nothing: a tree of so many bytes appears, or a failure. Runs nothing: `result`, or what `runs`
/// gives.
final class FakeRunner: JobRunner {
  let bytes: Int
  let fails: Bool
  let unpacked = Atomic(0)
  let result: SandboxedResult
  let runs: (@Sendable (SandboxedJob, @Sendable () -> Bool) -> SandboxedResult)?

  init(
    bytes: Int = 100, fails: Bool = false,
    result: SandboxedResult = SandboxedResult(ending: .exited(0)),
    runs: (@Sendable (SandboxedJob, @Sendable () -> Bool) -> SandboxedResult)? = nil
  ) {
    self.bytes = bytes
    self.fails = fails
    self.result = result
    self.runs = runs
  }

  func unpack(
    _ archive: borrowing Descriptor, into directory: String
  ) throws(WorkerFailure) -> Int {
    unpacked.wrappingAdd(1, ordering: .relaxed)
    mkdir(directory + "/usr", 0o755)
    if fails { throw WorkerFailure("no archive") }
    return bytes
  }

  func run(_ job: SandboxedJob, isWanted: @escaping @Sendable () -> Bool) -> SandboxedResult {
    runs?(job, isWanted) ?? result
  }
}

@Suite(.serving) struct ToolchainTreesTests {
  private let directory = TemporaryDirectory()

  private func trees(limit: Int = 350) throws -> ToolchainTrees {
    try ToolchainTrees(directory: directory("trees"), limit: limit)
  }

  private func id(_ number: UInt8) throws -> ArchiveID {
    try #require(ArchiveID(hash: [UInt8](repeating: number, count: 32)))
  }

  private func add(
    _ number: UInt8, to trees: ToolchainTrees, _ runner: FakeRunner = FakeRunner()
  ) throws {
    try trees.add(
      try id(number), archive: try Descriptor.open("/dev/null", O_RDONLY), runner: runner)
  }

  private func exists(_ number: UInt8) throws -> Bool {
    access(directory("trees/\(try id(number))/usr"), F_OK) == 0
  }

  private var names: Set<String> { Set(Files.names(in: directory("trees")) ?? []) }

  private func files(of numbers: [UInt8]) throws -> Set<String> {
    Set(try numbers.flatMap { ["\(try id($0))", "\(try id($0)).bytes"] })
  }

  @Test func theOneUsedLongestAgoGoes() throws {
    let trees = try trees()
    for number in 1...3 as ClosedRange<UInt8> { try add(number, to: trees) }
    #expect(trees.use(try id(1)))
    trees.release(try id(1))
    try add(4, to: trees)
    #expect(trees.all == [try id(4), try id(1), try id(3)])
    #expect(try !exists(2))
    #expect(!trees.has(try id(2)))
    #expect(!trees.use(try id(2)))
    #expect(try names == files(of: [1, 3, 4]))
  }

  @Test func theOnesInUseStay() throws {
    let trees = try trees(limit: 250)
    try add(1, to: trees)
    try add(2, to: trees)
    #expect(trees.use(try id(1)))
    #expect(trees.use(try id(1)))
    #expect(trees.use(try id(2)))
    // More than the limit, because none may go.
    try add(3, to: trees)
    #expect(try exists(1) && exists(2))
    #expect(trees.has(try id(3)))
    trees.release(try id(1))
    #expect(try exists(1))
    trees.release(try id(1))
    // Now there is one that may.
    #expect(trees.all.count == 2)
    #expect(try exists(2))
  }

  @Test func whatIsTooLargeIsRefused() throws {
    let trees = try trees()
    try add(1, to: trees)
    #expect(throws: WorkerFailure.self) { try self.add(2, to: trees, FakeRunner(bytes: 351)) }
    #expect(trees.all == [try id(1)])
    #expect(names.count == 2)
  }

  @Test func aFailureLeavesNothing() throws {
    let trees = try trees()
    #expect(throws: WorkerFailure("no archive")) {
      try self.add(1, to: trees, FakeRunner(fails: true))
    }
    #expect(trees.all.isEmpty)
    #expect(names.isEmpty)
    try add(1, to: trees)
    #expect(try exists(1))
  }

  @Test func aRestartKeepsWhatWasFinished() throws {
    do {
      let trees = try trees()
      try add(1, to: trees)
      try add(2, to: trees)
    }
    let three = try id(3)
    for name in ["unfinished-1", "removed-9", "\(three)", "\(try id(4))"] {
      mkdir(directory("trees/\(name)"), 0o755)
    }
    try directory.write("trees/\(three).bytes", "many")
    try directory.write("trees/unfinished-2.bytes", "1")
    let trees = try trees()
    #expect(Set(trees.all) == [try id(1), try id(2)])
    #expect(try names == files(of: [1, 2]))
    // They still count.
    try add(5, to: trees)
    try add(6, to: trees)
    #expect(trees.all.count == 3)
  }

  @Test func aSmallerLimitHoldsAfterARestart() throws {
    do {
      let trees = try trees()
      for number in 1...3 as ClosedRange<UInt8> { try add(number, to: trees) }
    }
    #expect(try trees(limit: 150).all.count == 1)
  }

  @Test func manyAtOnceGiveOneTree() async throws {
    let trees = try trees()
    let runner = FakeRunner()
    let threads = BlockingThreads(limit: 8)
    let one = try id(1)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<32 {
        group.addTask {
          await threads.run {
            guard let nothing = try? Descriptor.open("/dev/null", O_RDONLY) else { return false }
            return (try? trees.add(one, archive: nothing, runner: runner)) != nil
          }
        }
      }
      for await added in group { #expect(added) }
    }
    #expect(names == ["\(one)", "\(one).bytes"])
    #expect(trees.all == [one])
    // Its bytes count once.
    try add(2, to: trees)
    try add(3, to: trees)
    #expect(trees.all.count == 3)
  }
}
