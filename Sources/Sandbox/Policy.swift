/// The system calls that a job may make, as `sandbox/seccomp.policy` says; its head describes the form.
package struct Policy: Sendable, Equatable {
  /// A condition `argument & mask == value` on one argument of a call.
  package struct Condition: Sendable, Equatable {
    package var argument: Int32
    package var mask: UInt64
    package var value: UInt64
  }

  /// A call by name, or by number where libseccomp need not know the name.
  package enum Call: Sendable, Equatable {
    case name(String)
    case numbers(ClosedRange<Int32>)
  }

  /// What a call answers, always or under a condition.
  package struct Rule: Sendable, Equatable {
    package var call: Call
    /// Nil lets it through; else the error number that it answers.
    package var refusal: Int32?
    package var condition: Condition?

    init(call: Call, refusal: Int32? = nil, condition: Condition? = nil) {
      self.call = call
      self.refusal = refusal
      self.condition = condition
    }
  }

  /// What a call that no rule names answers.
  package var defaultRefusal: Int32
  package var rules: [Rule]

  /// The policy that was compiled into the program.
  package static func embedded() throws(PolicyError) -> Policy {
    try Policy(text: String(decoding: PackageResources.seccomp_policy, as: UTF8.self))
  }

  /// Reads the text form. A line that is not understood is an error: a policy that is half read would
  /// be another policy.
  package init(text: String) throws(PolicyError) {
    var refusal: Int32?
    var rules: [Rule] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
      guard let verb = words.first else { continue }
      let complaint = PolicyError(line: index + 1, text: String(line))
      switch verb {
      case "default":
        guard words.count == 2, let code = Self.errorNumber(words[1]) else { throw complaint }
        refusal = code
      case "allow":
        guard let read = Self.allowance(words.dropFirst()) else { throw complaint }
        rules += read
      case "refuse":
        guard words.count > 2, let code = Self.errorNumber(words[1]) else { throw complaint }
        rules += words.dropFirst(2).map { Rule(call: Self.call($0), refusal: code, condition: nil) }
      default:
        throw complaint
      }
    }
    guard let refusal else { throw PolicyError(line: 0, text: "no line 'default'") }
    defaultRefusal = refusal
    self.rules = rules
  }

  /// `NAME...`, or `NAME if argN [& MASK] == VALUE`.
  private static func allowance(_ words: ArraySlice<String>) -> [Rule]? {
    guard let position = words.firstIndex(of: "if") else {
      return words.isEmpty ? nil : words.map { Rule(call: call($0), refusal: nil, condition: nil) }
    }
    guard position == words.startIndex + 1 else { return nil }
    var rest = words[(position + 1)...]
    guard let name = rest.popFirst(), name.hasPrefix("arg"),
      let argument = Int32(name.dropFirst(3)), (0...5).contains(argument)
    else { return nil }
    var mask = UInt64.max
    if rest.first == "&" {
      guard let text = rest.dropFirst().first, let read = number(text) else { return nil }
      mask = read
      rest = rest.dropFirst(2)
    }
    guard rest.count == 2, rest.first == "==", let last = rest.last, let value = number(last) else {
      return nil
    }
    let condition = Condition(argument: argument, mask: mask, value: value)
    return [Rule(call: call(words[words.startIndex]), refusal: nil, condition: condition)]
  }

  private static func call(_ word: String) -> Call {
    let ends = word.split(separator: "-").map { Int32($0) }
    if ends.count == 1, let only = ends[0] { return .numbers(only...only) }
    // The kernel has some five hundred calls; a longer range is a typing error that would take minutes.
    if ends.count == 2, let first = ends[0], let last = ends[1], first <= last, last < 2000 {
      return .numbers(first...last)
    }
    return .name(word)
  }

  /// Decimal, `0x` hexadecimal, or octal with a leading zero.
  private static func number(_ text: String) -> UInt64? {
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    if text.hasPrefix("0"), text.utf8.count > 1 { return UInt64(text, radix: 8) }
    return UInt64(text)
  }

  private static func errorNumber(_ name: String) -> Int32? {
    switch name {
    case "EPERM": 1
    case "EACCES": 13
    case "ENOSYS": 38
    default: nil
    }
  }
}

/// A line of a policy that is not understood; line 0 means the whole text.
package struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
  package var line: Int
  package var text: String

  package var description: String { "seccomp policy, line \(line): can't read '\(text)'" }
}
