import ArgumentParser
import Glibc
import Platform
import Sandbox

/// What a job in a sandbox costs beside a bare start of the same program.
struct SandboxCost: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox", abstract: "Measures what a sandboxed job costs over a bare process.")

  @Option(help: "A directory with toolchains.")
  var toolchains: String
  @Option(help: "The name of one.")
  var toolchain: String
  @Option(help: "A program in it that ends at once, as a path there.")
  var program: String
  @Option(help: "A tar archive with the job's inputs.")
  var inputs: String
  @Option(help: "The path of sccache-runner.")
  var runner: String
  @Option(help: "A directory for the sandbox's state.")
  var state: String
  @Option(help: "The first of the host users of the slot, as root.")
  var firstUser: UInt32 = 310_000
  @Option(help: "Jobs that are measured.")
  var rounds = 300

  func run() throws {
    var configuration = Host.Configuration(
      state: state, toolchains: toolchains, runner: runner,
      identity: geteuid() == 0 ? .separate(first: firstUser) : .own)
    configuration.requiresControlGroups = false
    let slot = try Host(configuration).slot(0)
    defer { slot.close() }
    let job = Job(
      toolchain: toolchain, inputs: .archive(try Files.read(inputs)),
      directory: Array("/work".utf8), executable: Array(program.utf8),
      environment: [], outputs: [Array("a.o".utf8)])
    var bare: [Int64] = []
    var sandboxed: [Int64] = []
    // The first one starts the slot's runner.
    for round in 0...rounds {
      let alone = try microseconds {
        _ = try Spawn.run(
          "\(toolchains)/\(toolchain)\(program)", [], environment: [], directory: "/")
      }
      let inside = try microseconds {
        let ending = try slot.run(job).ending
        guard ending == .exited(0) else { throw ValidationError("the job ended: \(ending)") }
      }
      guard round > 0 else { continue }
      bare.append(alone)
      sandboxed.append(inside)
    }
    print("{\"bare_us\": \(bare), \"sandboxed_us\": \(sandboxed)}")
  }

  private func microseconds(_ body: () throws -> Void) rethrows -> Int64 {
    let start = Clock.monotonic
    try body()
    return (Clock.monotonic - start) / 1000
  }
}
