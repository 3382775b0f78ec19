/// A number of bytes as people write it.
enum ByteCount {
  /// `N`, or `N` with K, M, G or T (powers of 1024, either case), blanks around and between allowed.
  /// Nil when it is anything else or more than `Int.max`.
  static func parse(_ text: String) -> Int? {
    var digits = trimmed(text.utf8[...])
    var shift = 0
    if let last = digits.last, let found = shifts[last | 0x20] {
      shift = found
      digits = trimmed(digits.dropLast())
    }
    guard !digits.isEmpty else { return nil }
    var value = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    let (result, overflow) = value.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : result
  }

  private static let shifts: [UInt8: Int] = [
    UInt8(ascii: "k"): 10, UInt8(ascii: "m"): 20, UInt8(ascii: "g"): 30, UInt8(ascii: "t"): 40,
  ]

  private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    var text = text
    while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
    while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
    return text
  }
}
