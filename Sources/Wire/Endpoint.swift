// Shared as source with the wrapper; see Frame.swift.

/// Where the daemon listens, worked out alike by wrapper and daemon from the environment.
package enum Endpoint: Sendable {
  case path([UInt8])
  /// A name in Linux's abstract socket namespace, without the leading NUL.
  case abstract([UInt8])
  /// A port on 127.0.0.1.
  case port(UInt16)

  /// The variables that select another configuration, and therefore another daemon.
  private static var selectors: [StaticString] {
    ["SCCACHE_CONF", "SCCACHE_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"]
  }

  /// `SCCACHE_SERVER_UDS`, else `SCCACHE_SERVER_PORT`, else a socket per user and configuration
  /// in `/tmp/sccache-UID`.
  package static func fromEnvironment(
    user: UInt32, lookup: (StaticString) -> UnsafePointer<CChar>?
  ) -> Endpoint {
    if let value = lookup("SCCACHE_SERVER_UDS"), value[0] != 0 {
      return socketName(bytes(value))
    }
    if let value = lookup("SCCACHE_SERVER_PORT"), let port = decimal(value) {
      return .port(port)
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for name in selectors {
      if let value = lookup(name) {
        var index = 0
        while value[index] != 0 {
          hash = (hash ^ UInt64(UInt8(bitPattern: value[index]))) &* 0x100_0000_01b3
          index += 1
        }
      } else {
        hash = (hash ^ 0x1ff) &* 0x100_0000_01b3
      }
      hash = (hash ^ 0x100) &* 0x100_0000_01b3
    }
    var path = runtimeDirectory(user: user)
    path.append(UInt8(ascii: "/"))
    appendHex(hash, to: &path)
    path.append(contentsOf: [UInt8(ascii: "-"), UInt8(ascii: "v")])
    appendDecimal(UInt32(wireVersion), to: &path)
    return .path(path)
  }

  /// The directory that holds a user's sockets; it must belong to the user and be closed to others.
  package static func runtimeDirectory(user: UInt32) -> [UInt8] {
    var path: [UInt8] = []
    append("/tmp/sccache-", to: &path)
    appendDecimal(user, to: &path)
    return path
  }

  /// A file name in the runtime directory that stands for this endpoint alone, for the lock that a
  /// starting wrapper holds (`.lock`) and for what was said of a daemon (`.said`).
  package var markerName: [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    switch self {
    case .path(let path): for byte in path { mix(byte) }
    case .abstract(let name):
      mix(0)
      for byte in name { mix(byte) }
    case .port(let port):
      mix(1)
      mix(UInt8(port >> 8))
      mix(UInt8(truncatingIfNeeded: port))
    }
    var name: [UInt8] = []
    Self.appendHex(hash, to: &name)
    return name
  }

  /// A value that begins with the four characters `\x00` names an abstract socket, the rest
  /// ascii-escape decoded (Mozilla's rule); anything else is a path.
  private static func socketName(_ value: [UInt8]) -> Endpoint {
    let prefix: [UInt8] = [0x5c, 0x78, 0x30, 0x30]
    guard value.count > 4, value[0..<4].elementsEqual(prefix) else { return .path(value) }
    var name: [UInt8] = []
    var index = 4
    while index < value.count {
      if value[index] == 0x5c, index + 3 < value.count, value[index + 1] == 0x78,
        let high = hexDigit(value[index + 2]), let low = hexDigit(value[index + 3])
      {
        name.append(high << 4 | low)
        index += 4
      } else {
        name.append(value[index])
        index += 1
      }
    }
    return .abstract(name)
  }

  private static func bytes(_ cString: UnsafePointer<CChar>) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while cString[index] != 0 {
      result.append(UInt8(bitPattern: cString[index]))
      index += 1
    }
    return result
  }

  private static func decimal(_ cString: UnsafePointer<CChar>) -> UInt16? {
    var value: UInt32 = 0
    var index = 0
    while cString[index] != 0 {
      let digit = UInt8(bitPattern: cString[index])
      guard digit >= 0x30, digit <= 0x39, index < 5 else { return nil }
      value = value * 10 + UInt32(digit - 0x30)
      index += 1
    }
    return index > 0 && value > 0 && value < 65536 ? UInt16(value) : nil
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func appendHex(_ value: UInt64, to bytes: inout [UInt8]) {
    var shift = 60
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: (value >> UInt64(shift)) & 15)
      bytes.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
      shift -= 4
    }
  }

  private static func appendDecimal(_ value: UInt32, to bytes: inout [UInt8]) {
    if value >= 10 { appendDecimal(value / 10, to: &bytes) }
    bytes.append(0x30 + UInt8(value % 10))
  }
}
