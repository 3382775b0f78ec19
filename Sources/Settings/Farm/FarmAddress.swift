import Glibc

/// A literal IP address and a port, as the farm's files and tokens write it: `10.0.0.1:10501`,
/// `[::1]:10501`.
package struct FarmAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address alone, without brackets, in its shortest form.
  package var ip: String
  package var port: UInt16

  /// Nil for anything else, host names included.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...]), port > 0,
      text[text.index(after: colon)...].allSatisfy(\.isNumber)
    else { return nil }
    var host = String(text[..<colon])
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = String(host.dropFirst().dropLast()) }
    guard let ip = Self.canonical(host), ip.contains(":") == isBracketed else { return nil }
    self.ip = ip
    self.port = port
  }

  /// An address in the form in which two of them can be compared; nil when it is none.
  package static func canonical(_ text: String) -> String? {
    var bytes = in6_addr()
    let isV6 = text.contains(":")
    guard inet_pton(isV6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(isV6 ? AF_INET6 : AF_INET, &bytes, &buffer, UInt32(buffer.count)) != nil else {
      return nil
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  package var isV6: Bool { ip.contains(":") }

  package var description: String { isV6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}

extension TableReader {
  mutating func farmAddress(_ key: String) throws(SettingsError) -> FarmAddress? {
    guard let text = try string(key) else { return nil }
    guard let address = FarmAddress(text) else {
      throw error(key, "must be IP:PORT, as 10.0.0.1:10600 or [::1]:10600, found \"\(text)\"")
    }
    return address
  }

  mutating func requiredFarmAddress(_ key: String) throws(SettingsError) -> FarmAddress {
    guard let address = try farmAddress(key) else {
      throw error("lacks the key \(key): add \(key) = \"IP:PORT\"")
    }
    return address
  }

  /// A URL of scheme http or https that ends behind host and port.
  mutating func schedulerURL(_ key: String) throws(SettingsError) -> String? {
    guard let text = try string(key) else { return nil }
    let full = text.contains("://") ? text : "http://" + text
    guard let address = WebAddress(full) else {
      throw error(key, "must be an http or https URL, or IP:PORT, found \"\(text)\"")
    }
    guard address.rest.isEmpty || address.rest == "/" else {
      throw error(key, "must end behind host and port, without a path, found \"\(text)\"")
    }
    return address.rest.isEmpty ? full : String(full.dropLast())
  }
}
