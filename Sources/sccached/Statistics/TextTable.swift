/// Rows of a name and a value: names flush left, values flush right, both columns as wide as their
/// widest row. A unit (` %`, ` s`) hangs over to the right, so that the digits stand in line.
struct TextTable {
  private struct Row {
    var name: String
    var value: String
    var overhang = 0
  }

  private var rows: [Row] = []
  private(set) var nameWidth = 0
  private(set) var valueWidth = 0

  mutating func add(_ name: String, _ count: UInt64) {
    append(Row(name: name, value: String(count)))
  }

  /// The sum, then a row for each language.
  mutating func add(_ name: String, _ languages: LanguageCounts, advanced: Bool) {
    add(name, languages.total)
    for (language, count) in (advanced ? languages.advanced : languages.counts).byName {
      add("\(name) (\(language))", count)
    }
  }

  mutating func addRate(_ name: String, hits: UInt64, misses: UInt64) {
    let lookups = hits.addingClamped(misses)
    if lookups == 0 {
      append(Row(name: name, value: "-"))
    } else {
      let percentage = Double(hits) / Double(lookups) * 100
      append(Row(name: name, value: TextTable.twoDecimals(percentage) + " %", overhang: 2))
    }
  }

  mutating func addAverage(_ name: String, _ time: TotalTime, over count: UInt64) {
    let average = time.average(over: count)
    let fraction = String(1000 + average.subsecondNanoseconds / 1_000_000).dropFirst()
    append(Row(name: name, value: "\(average.seconds).\(fraction) s", overhang: 2))
  }

  private mutating func append(_ row: Row) {
    nameWidth = max(nameWidth, row.name.utf8.count)
    valueWidth = max(valueWidth, row.value.utf8.count)
    rows.append(row)
  }

  /// Every row, each with its newline.
  func lines() -> String {
    var text = ""
    for row in rows { text += line(row.name, row.value, overhang: row.overhang) + "\n" }
    return text
  }

  /// A line in the widths of the table.
  func line(_ name: String, _ value: String, overhang: Int = 0) -> String {
    let room = valueWidth + overhang - value.unicodeScalars.count
    return padded(name) + " " + String(repeating: " ", count: max(0, room)) + value
  }

  func padded(_ name: String) -> String {
    name + String(repeating: " ", count: max(0, nameWidth - name.unicodeScalars.count))
  }
}

// MARK: - Numbers

extension TextTable {
  /// A percentage with two decimals, an exact tie going to the even digit, as Rust prints it.
  static func twoDecimals(_ percentage: Double) -> String {
    guard percentage > 0, percentage <= 100 else { return "0.00" }
    // percentage = significand / 2^shift, so hundredths are (significand * 100) / 2^shift, exactly.
    let significand = percentage.significandBitPattern | 1 << 52
    let shift = 52 - Int(percentage.exponent)
    guard shift < 64 else { return "0.00" }
    let hundredths = halfEven(significand * 100, shiftedBy: shift)
    let fraction = String(100 + hundredths % 100).dropFirst()
    return "\(hundredths / 100).\(fraction)"
  }

  /// A size in the largest binary unit that leaves at least one, in whole units.
  static func binarySize(_ bytes: UInt64) -> (number: UInt64, unit: String) {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    let exponent = bytes == 0 ? 0 : (63 - bytes.leadingZeroBitCount) / 10
    return (halfEven(bytes, shiftedBy: exponent * 10), units[exponent])
  }

  /// `value / 2^shift`, rounded to the nearest, a tie to the even number. `shift` is under 64.
  private static func halfEven(_ value: UInt64, shiftedBy shift: Int) -> UInt64 {
    guard shift > 0 else { return value }
    let quotient = value >> shift
    let remainder = value & (1 << shift - 1)
    let half: UInt64 = 1 << (shift - 1)
    let roundsUp = remainder > half || remainder == half && quotient % 2 == 1
    return quotient + (roundsUp ? 1 : 0)
  }
}
