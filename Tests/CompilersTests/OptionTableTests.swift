import Testing

@testable import Compilers

@Suite struct OptionTableTests {
  static let tables = [("gcc", OptionTable.gcc), ("clang", OptionTable.clang)]

  @Test func namesAreSortedAndUnique() {
    for (name, table) in Self.tables {
      let names = table.rows.map(\.name)
      #expect(Set(names).count == names.count, "\(name) names an option twice")
      #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
  }

  /// The quick search must find what looking at every row finds.
  @Test func longestPrefixWins() {
    for (_, table) in Self.tables {
      for row in table.rows {
        for tail in ["", "=", "=x", "x", "-", "0", ",a"] {
          let word = row.name + tail
          let found = table.option(for: word)?.name
          #expect(found == Self.slowly(word, table), "\(word)")
        }
        let shorter = String(row.name.dropLast())
        #expect(table.option(for: shorter)?.name == Self.slowly(shorter, table), "\(shorter)")
      }
    }
  }

  private static func slowly(_ word: String, _ table: OptionTable) -> String? {
    table.rows.filter { row in
      guard word.utf8.starts(with: row.name.utf8) else { return false }
      let rest = word.utf8.dropFirst(row.name.utf8.count)
      switch row.join {
      case .none, .separate: return rest.isEmpty
      case .joined, .either: return true
      case .equals: return rest.isEmpty || rest.first == UInt8(ascii: "=")
      }
    }.max { $0.name.utf8.count < $1.name.utf8.count }?.name
  }

  @Test func accentsDoNotHideAPrefix() {
    #expect(OptionTable.gcc.option(for: "-I\u{301}x")?.name == "-I")
  }
}
