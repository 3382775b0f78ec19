import Platform

extension TableReader {
  mutating func socketAddress(_ key: String) throws(SettingsError) -> SocketAddress? {
    guard let text = try string(key) else { return nil }
    guard let address = SocketAddress(text) else {
      throw error(key, "must be IP:PORT, as 10.0.0.1:10600 or [::1]:10600, found \"\(text)\"")
    }
    return address
  }

  mutating func requiredSocketAddress(_ key: String) throws(SettingsError) -> SocketAddress {
    guard let address = try socketAddress(key) else {
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
