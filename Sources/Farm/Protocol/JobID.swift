/// The number of a job, unique in a farm. Any 64 bits; Mozilla's scheduler counts from 0.
package struct JobID: Sendable, Hashable, CustomStringConvertible {
  package let number: UInt64

  package init(_ number: UInt64) {
    self.number = number
  }

  /// From a path: decimal digits and nothing else, within 64 bits.
  package init?(_ text: some StringProtocol) {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = UInt64(text)
    else { return nil }
    self.number = number
  }

  package var description: String { "\(number)" }
}
