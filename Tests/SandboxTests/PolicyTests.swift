import Testing

@testable import Sandbox

@Suite struct PolicyTests {
  @Test func embeddedPolicyMakesAFilter() throws {
    let policy = try Policy.embedded()
    #expect(policy.defaultRefusal == 1)
    #expect(policy.rules.count > 200)
    let filter = try Filter(policy)
    #expect(filter.program.count % 8 == 0)
    // The kernel's bound.
    #expect(filter.program.count / 8 < 4096)
    #expect(try Filter(policy) == filter)
  }

  @Test func form() throws {
    let policy = try Policy(
      text: """
        # comment
        default EACCES
        allow read write   # and why
        allow ioctl if arg1 == 0x5401
        allow chmod if arg1 & 06000 == 0
        refuse ENOSYS clone3 424-426
        """)
    #expect(policy.defaultRefusal == 13)
    #expect(
      policy.rules == [
        Policy.Rule(call: .name("read")), Policy.Rule(call: .name("write")),
        Policy.Rule(
          call: .name("ioctl"),
          condition: Policy.Condition(argument: 1, mask: .max, value: 0x5401)),
        Policy.Rule(
          call: .name("chmod"), condition: Policy.Condition(argument: 1, mask: 0o6000, value: 0)),
        Policy.Rule(call: .name("clone3"), refusal: 38),
        Policy.Rule(call: .numbers(424...426), refusal: 38),
      ])
  }

  @Test(arguments: [
    "", "default", "default EWHAT", "default EPERM\nallow", "default EPERM\nallow a if",
    "default EPERM\nallow a b if arg0 == 1", "default EPERM\nallow a if arg6 == 1",
    "default EPERM\nallow a if arg0 = 1", "default EPERM\nallow a if arg0 == x",
    "default EPERM\nallow a if arg0 & 1", "default EPERM\ndeny a", "default EPERM\nrefuse EPERM",
  ])
  func whatIsNotUnderstood(text: String) {
    #expect(throws: PolicyError.self) { try Policy(text: text) }
  }

  @Test func messagesGoThereAndBack() throws {
    let order = JobOrder(
      toolchain: [1], directory: [2, 3], executable: [], arguments: [[4], []],
      environment: [[5, 6]], outputs: [[7]], hasInputs: true,
      inputs: ExtractionLimits(bytes: 1 << 40, entries: 9),
      limits: KernelLimits(
        fileSpace: 1, fileCount: 2, fileSize: 3, openFiles: 4, processes: 5, processorTime: 6,
        addressSpace: 7))
    let body = order.encoded()
    #expect(try JobOrder(body: body) == order)
    for cut in 0..<body.count {
      #expect(throws: MalformedMessage.self) { try JobOrder(body: Array(body[..<cut])) }
    }
    #expect(throws: MalformedMessage.self) { try JobOrder(body: body + [0]) }
    for ending: JobEnding in [
      .exited(255), .signalled(9), .cancelled, .failed(.overlay, 22),
      .refused(ExtractionFailure(.escape, [1, 2], code: 3)),
    ] {
      let decoded = try JobEnding.decode(ending.encoded(isOutOfSpace: true))
      #expect(decoded.0 == ending && decoded.isOutOfSpace)
    }
  }
}
