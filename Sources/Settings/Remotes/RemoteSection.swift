/// What the settings of one kind of remote store have in common. A new kind is one file with a type
/// that conforms to this, one case in `RemoteKind` and one line in `RemoteSettings`.
protocol RemoteSection: Sendable, Equatable {
  /// The whole section from the environment; nil when the variables that switch it on are unset.
  init?(_ environment: inout EnvironmentReader) throws(SettingsError)
  /// The section of the file.
  init(_ reader: inout TableReader) throws(SettingsError)
  /// Why the store can't be used; matters only when it is to be used. Mozilla's daemon refuses to
  /// start in these cases.
  var problem: String? { get }
}

extension RemoteSection {
  var problem: String? { nil }

  /// The section from the environment if that has one, else from the file: Mozilla's rule. Both are
  /// checked.
  static func read(
    _ cache: inout TableReader?, _ key: String, _ environment: inout EnvironmentReader
  ) throws(SettingsError) -> Self? {
    var fromFile: Self?
    if var section = try cache?.table(key) {
      fromFile = try Self(&section)
      try section.finish()
    }
    return try Self(&environment) ?? fromFile
  }
}
