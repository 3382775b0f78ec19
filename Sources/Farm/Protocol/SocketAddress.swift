package import Platform

extension SocketAddress: WireValue {
  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    let host: IPAddress
    if try reader.alternative(field, of: 2) == 0 {
      host = .v4(UInt32(bigEndian: try reader.number(field)))
    } else {
      let high = UInt64(bigEndian: try reader.number(field))
      host = .v6(high, UInt64(bigEndian: try reader.number(field)))
    }
    self.init(host: host, port: try reader.number(field))
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
