/// What it means when a service refuses to hand out a blob with words in which it also says that there is none.
///
/// Amazon and Google answer 403 in place of 404 to those who may read objects and may not list the bucket, so
/// that names can't be tried out; so readers of a public cache see a refusal at every miss. Refusals count as
/// misses while nothing speaks against it. A value: what happens goes in.
struct HiddenAbsences: Sendable, Equatable {
  /// Something was read or written, so the rights are there.
  private var hasRights = false
  /// It has said of a blob that there is none, so a refusal is one.
  private var tellsAbsences = false
  private var refusals = 0

  /// So many, and not once a success, are no misses: whoever has no rights at all need not ask for each file.
  /// More than lookups of a first build are under way at once, before it has stored anything.
  static let mostRefusals = 200

  mutating func found() { hasRights = true }

  mutating func stored() { hasRights = true }

  mutating func missed() { tellsAbsences = true }

  /// - Returns: whether the blob is to be taken for absent.
  mutating func refused() -> Bool {
    if tellsAbsences { return false }
    if hasRights { return true }
    refusals += 1
    return refusals <= Self.mostRefusals
  }
}
