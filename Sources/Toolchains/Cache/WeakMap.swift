import FoundationEssentials
import Platform

/// `weak_map.json`: one JSON object, from weak keys to archive ids, as Mozilla's client writes it.
/// Entries of either client serve both.
struct WeakMap: Equatable {
  private(set) var identifiers: [String: String] = [:]

  /// More keys than that only come from toolchains long gone.
  private static let limit = 1000

  init() {}

  /// What can't be read is as good as an empty map: the archives are then packed again.
  init(json: [UInt8]) {
    let all = try? JSONDecoder().decode([String: String].self, from: Data(json))
    identifiers = (all ?? [:]).filter { ArchiveDirectory.isIdentifier($0.value) }
  }

  /// Sorted, for people who compare.
  func json() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(identifiers)).map { Array($0) } ?? Array("{}".utf8)
  }

  subscript(key: WeakKey) -> String? { identifiers[key.description] }

  /// - Parameter isPresent: whether an archive is still there; a map that grew too long keeps no
  ///   others.
  mutating func set(_ key: WeakKey, to identifier: String, isPresent: (String) -> Bool) {
    identifiers[key.description] = identifier
    if identifiers.count > Self.limit { identifiers = identifiers.filter { isPresent($0.value) } }
  }
}
