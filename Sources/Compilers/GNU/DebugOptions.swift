/// What the `-g` options of a command line add up to.
struct DebugOptions {
  enum Split { case none, separate, single }

  /// The last option that sets a level asked for debug information.
  var isOn = false
  var split = Split.none

  mutating func take(_ word: String) {
    let name = word.remainder(after: "-g") ?? word
    if name.isEmpty || word.begins(with: "--debug") {
      isOn = word != "--debug=0"
    } else if Self.setsNoLevel(name) {
      return
    } else {
      isOn = !["0", "gdb0", "dwarf0", "stabs0", "vms0", "xcoff0", "coff0"].contains(name)
    }
  }

  /// Options that say how debug information is written and do not ask for it.
  private static func setsNoLevel(_ name: String) -> Bool {
    let prefixes = ["no-", "record-", "as-", "variable-location", "statement-frontiers", "inline-"]
    let names: Set<String> = [
      "pubnames", "gnu-pubnames", "strict-dwarf", "column-info", "dwarf32", "dwarf64",
      "describe-dies", "simple-template-names", "embed-source", "template-alias",
      "internal-reset-location-views", "dwarf-aranges",
    ]
    return names.contains(name) || prefixes.contains(where: name.begins(with:))
  }
}
