import CPosix
import CSeccomp
import Glibc
package import Platform

/// A seccomp filter: the BPF program that libseccomp makes of a policy, for this processor.
package struct Filter: Sendable, Equatable {
  /// Instructions of 8 bytes each.
  package let program: [UInt8]

  /// Compiles a policy. Throws when libseccomp refuses a rule or gives no program: a job must never
  /// run under less than the whole policy.
  package init(_ policy: Policy) throws(SystemError) {
    guard let context = seccomp_init(cseccomp_errno(policy.defaultRefusal)) else {
      throw SystemError("make", "a seccomp filter", code: ENOMEM)
    }
    defer { seccomp_release(context) }
    try Self.check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, cseccomp_kill()), "BADARCH")
    // A binary tree over the call numbers: half the instructions for the average call.
    try Self.check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "OPTIMIZE")
    let named = try Self.addNamed(policy, to: context)
    for rule in policy.rules {
      guard case .numbers(let range) = rule.call else { continue }
      for number in range where !named.contains(number) {
        try Self.add(rule, number, to: context)
      }
    }
    program = try Self.export(context)
  }

  /// Adds the rules that name a call; answers the numbers that have one.
  private static func addNamed(
    _ policy: Policy, to context: scmp_filter_ctx
  ) throws(SystemError) -> Set<Int32> {
    var named: Set<Int32> = []
    for rule in policy.rules {
      guard case .name(let name) = rule.call else { continue }
      let number = recent[name] ?? seccomp_syscall_resolve_name(name)
      // Negative: another processor's call, or one that libseccomp doesn't know. Not allowed, then.
      guard number >= 0 else { continue }
      named.insert(number)
      try add(rule, number, to: context)
    }
    return named
  }

  /// Calls that libseccomp 2.5 is too old for. Their numbers are the same on every processor.
  private static let recent: [String: Int32] = [
    "fchmodat2": 452, "futex_wake": 454, "futex_wait": 455, "futex_requeue": 456,
  ]

  private static func add(
    _ rule: Policy.Rule, _ number: Int32, to context: scmp_filter_ctx
  ) throws(SystemError) {
    let action = rule.refusal.map { cseccomp_errno($0) } ?? cseccomp_allow()
    let condition = rule.condition.map {
      cseccomp_condition(argument: $0.argument, mask: $0.mask, value: $0.value)
    }
    let result = cseccomp_add(
      context, action, number, condition ?? cseccomp_condition(argument: -1, mask: 0, value: 0))
    // The default action as a rule is refused as superfluous; it holds all the same.
    if result == -EACCES, action != cseccomp_allow() { return }
    try check(result, "rule for call \(number)")
  }

  private static func export(_ context: scmp_filter_ctx) throws(SystemError) -> [UInt8] {
    let memory = try MemoryFile("filter")
    try check(seccomp_export_bpf(context, memory.file.number), "program")
    try memory.rewind()
    let program = try memory.file.readAll(path: "the filter", limit: 1 << 16)
    guard !program.isEmpty, program.count % 8 == 0 else {
      throw SystemError("make", "a seccomp filter", code: EINVAL)
    }
    return program
  }

  private static func check(_ result: Int32, _ what: String) throws(SystemError) {
    guard result == 0 else { throw SystemError("make the seccomp filter:", what, code: -result) }
  }
}
