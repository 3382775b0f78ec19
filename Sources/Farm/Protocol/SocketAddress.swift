/// An IP address.
package enum IPAddress: Sendable, Hashable {
  /// Four bytes, the first one highest.
  case v4(UInt32)
  /// Eight groups of 16 bits: the four first, the four last.
  case v6(UInt64, UInt64)

  /// The IPv4 address that an IPv6 one maps (::ffff:a.b.c.d, as a socket for both kinds reports its
  /// peers); else the address itself. Compare peers in this form.
  package var unmapped: IPAddress {
    if case .v6(0, let low) = self, low >> 32 == 0xffff {
      return .v4(UInt32(truncatingIfNeeded: low))
    }
    return self
  }
}

/// Where a server listens, and at the same time its name in the farm. Scope and flow label of IPv6 do
/// not travel.
package struct SocketAddress: Sendable, Hashable {
  package var host: IPAddress
  package var port: UInt16

  package init(host: IPAddress, port: UInt16) {
    self.host = host
    self.port = port
  }
}

extension SocketAddress: WireValue {
  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    if try reader.alternative(field, of: 2) == 0 {
      host = .v4(UInt32(bigEndian: try reader.number(field)))
    } else {
      let high = UInt64(bigEndian: try reader.number(field))
      host = .v6(high, UInt64(bigEndian: try reader.number(field)))
    }
    port = try reader.number(field)
  }

  package func write(to writer: inout BincodeWriter) {
    switch host {
    case .v4(let bytes):
      writer.putAlternative(0)
      writer.put(bytes.bigEndian)
    case .v6(let high, let low):
      writer.putAlternative(1)
      writer.put(high.bigEndian)
      writer.put(low.bigEndian)
    }
    writer.put(port)
  }
}
