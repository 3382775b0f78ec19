import Glibc

// The text forms are those of RFC 5952, which Rust prints too; a server's token holds one, and texts of
// one address must not differ. inet_ntop is not used: it writes ::a.b.c.d in an older form.

extension IPAddress: CustomStringConvertible {
  /// "192.0.2.1", "2001:db8::1"; nil for anything else, a scope ("%eth0") included.
  package init?(_ text: some StringProtocol) {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    guard isPlain, text.utf8.count <= 45 else { return nil }
    if text.utf8.contains(UInt8(ascii: ":")) {
      var bytes: (UInt64, UInt64) = (0, 0)
      guard inet_pton(AF_INET6, String(text), &bytes) == 1 else { return nil }
      self = .v6(UInt64(bigEndian: bytes.0), UInt64(bigEndian: bytes.1))
    } else {
      var bytes: UInt32 = 0
      guard inet_pton(AF_INET, String(text), &bytes) == 1 else { return nil }
      self = .v4(UInt32(bigEndian: bytes))
    }
  }

  package var description: String {
    switch self {
    case .v4(let bytes): Self.dotted(bytes)
    case .v6(0, let low) where low >> 32 == 0xffff:
      "::ffff:\(Self.dotted(UInt32(truncatingIfNeeded: low)))"
    case .v6(let high, let low):
      Self.grouped(
        [high, low].flatMap { half in
          [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
        })
    }
  }

  private static func dotted(_ bytes: UInt32) -> String {
    [24, 16, 8, 0].map { "\(bytes >> UInt32($0) & 255)" }.joined(separator: ".")
  }

  /// Hexadecimal groups; the longest run of two zeros or more is left out, the first of equal ones.
  private static func grouped(_ groups: [UInt16]) -> String {
    var longest = 0..<0
    var start = 0
    for (index, group) in groups.enumerated() {
      if group != 0 {
        start = index + 1
      } else if index + 1 - start > longest.count {
        longest = start..<index + 1
      }
    }
    func text(_ groups: ArraySlice<UInt16>) -> String {
      groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard longest.count >= 2 else { return text(groups[...]) }
    return "\(text(groups[..<longest.lowerBound]))::\(text(groups[longest.upperBound...]))"
  }
}

extension SocketAddress: CustomStringConvertible {
  /// "192.0.2.1:10501" or "[2001:db8::1]:10501"; nil for anything else. Names are not resolved: a
  /// server is known by a literal address.
  package init?(_ text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let host = text[..<colon]
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(digits)
    else { return nil }
    let address: IPAddress?
    if host.hasPrefix("["), host.hasSuffix("]") {
      address = IPAddress(host.dropFirst().dropLast())
      guard case .v6 = address else { return nil }
    } else {
      address = IPAddress(host)
      guard case .v4 = address else { return nil }
    }
    guard let address else { return nil }
    self.init(host: address, port: port)
  }

  package var description: String {
    switch host {
    case .v4: "\(host):\(port)"
    case .v6: "[\(host)]:\(port)"
    }
  }
}
