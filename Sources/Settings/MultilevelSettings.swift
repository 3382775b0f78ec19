/// A chain of stores that are asked one after the other (`[cache.multilevel]`).
package struct MultilevelSettings: Sendable, Equatable {
  /// What happens when an entry can't be written at a level.
  package enum WriteErrorPolicy: String, Sendable, CaseIterable {
    /// Every level is written behind the reply; failures are counted.
    case ignore
    /// The first level is waited for and decides; the others are written behind the reply.
    case l0
    /// Every level is waited for, and one failure fails the write.
    case all
  }

  package enum Name: Sendable, Equatable {
    case disk
    case remote(RemoteKind)
  }

  /// From the nearest to the farthest, each once (`SCCACHE_MULTILEVEL_CHAIN`, `chain`).
  package var chain: [Name]
  /// `SCCACHE_MULTILEVEL_WRITE_ERROR_POLICY`, `write_error_policy`.
  package var writeErrorPolicy: WriteErrorPolicy = .l0

  package init(chain: [Name]) { self.chain = chain }
}

extension MultilevelSettings {
  /// Key by key, the environment wins over the file. Nil when neither has a chain.
  static func read(
    _ cache: inout TableReader?, _ environment: inout EnvironmentReader
  ) throws(SettingsError) -> MultilevelSettings? {
    var names: [String]?
    var policy = WriteErrorPolicy.l0
    if var section = try cache?.table("multilevel") {
      names = try section.strings("chain")
      if names == nil {
        throw section.error("lacks the key chain: add chain = [\"disk\", …]")
      }
      policy = try section.choice("write_error_policy", of: WriteErrorPolicy.self) ?? policy
      try section.finish()
    }
    if let text = environment.string("SCCACHE_MULTILEVEL_CHAIN") {
      names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let name = "SCCACHE_MULTILEVEL_WRITE_ERROR_POLICY"
    if let text = environment.string(name) {
      if let value = WriteErrorPolicy(rawValue: text.lowercased()) {
        policy = value
      } else {
        environment.warn("\(name)=\(text) is none of ignore, l0, all; it stays \(policy.rawValue)")
      }
    }
    guard let names, !names.isEmpty else { return nil }
    var result = try MultilevelSettings(chain: chain(names, &environment))
    result.writeErrorPolicy = policy
    return result
  }

  private static func chain(
    _ names: [String], _ environment: inout EnvironmentReader
  ) throws(SettingsError) -> [Name] {
    var chain: [Name] = []
    for text in names {
      let name = text.filter { !$0.isWhitespace }.lowercased()
      let level: Name
      if name == "disk" {
        level = .disk
      } else if let kind = RemoteKind(rawValue: name) {
        level = .remote(kind)
      } else {
        let known = (["disk"] + RemoteKind.allCases.map(\.rawValue)).joined(separator: ", ")
        throw SettingsError(
          "Unknown cache level: '\(name)'",
          causes: ["SCCACHE_MULTILEVEL_CHAIN or cache.multilevel.chain may name \(known)"])
      }
      if chain.contains(level) {
        environment.warn("the cache level '\(name)' stands twice in the chain; the first counts")
      } else {
        chain.append(level)
      }
    }
    return chain
  }
}
