import Glibc

/// Seconds since 1970 as the texts of dates and times that HTTP and the clouds write and read, in UTC.
package enum UTCTime {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT`: RFC 9110, section 5.6.7.
  package static func httpText(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var fields = tm()
    gmtime_r(&time, &fields)
    let day = days[Int(fields.tm_wday)]
    let month = months[Int(fields.tm_mon)]
    let clock = [fields.tm_hour, fields.tm_min, fields.tm_sec].map { padded(Int($0)) }
    return "\(day), \(padded(Int(fields.tm_mday))) \(month) \(Int(fields.tm_year) + 1900) "
      + clock.joined(separator: ":") + " GMT"
  }

  /// `2030-01-01T00:00:00Z`: RFC 3339.
  package static func text(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var fields = tm()
    gmtime_r(&time, &fields)
    let date = [Int(fields.tm_year) + 1900, Int(fields.tm_mon) + 1, Int(fields.tm_mday)]
    let clock = [fields.tm_hour, fields.tm_min, fields.tm_sec]
    return date.map(padded).joined(separator: "-") + "T"
      + clock.map { padded(Int($0)) }.joined(separator: ":") + "Z"
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// Reads `2030-01-01T00:00:00.123Z` or with an offset in place of the Z (RFC 3339). Fractions are cut.
  /// Nil for anything else.
  package static func seconds(of text: String) -> Int64? {
    let letters = Array(text.utf8)
    guard letters.count >= 20, letters[10] == UInt8(ascii: "T") || letters[10] == 0x20,
      [4, 7].allSatisfy({ letters[$0] == UInt8(ascii: "-") }),
      [13, 16].allSatisfy({ letters[$0] == UInt8(ascii: ":") }),
      let year = number(letters[0..<4]), let month = number(letters[5..<7]),
      let day = number(letters[8..<10]), let hour = number(letters[11..<13]),
      let minute = number(letters[14..<16]), let second = number(letters[17..<19]),
      1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second < 61,
      let offset = offset(letters[19...])
    else { return nil }
    var fields = tm()
    fields.tm_year = Int32(year - 1900)
    fields.tm_mon = Int32(month - 1)
    fields.tm_mday = Int32(day)
    fields.tm_hour = Int32(hour)
    fields.tm_min = Int32(minute)
    fields.tm_sec = Int32(second)
    return Int64(timegm(&fields)) - Int64(offset)
  }

  /// Seconds east of Greenwich; a fraction of a second may stand before.
  private static func offset(_ letters: ArraySlice<UInt8>) -> Int? {
    var rest = letters
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { 0x30...0x39 ~= $0 }
      guard !digits.isEmpty else { return nil }
      rest = rest[digits.endIndex...]
    }
    if rest.count == 1, rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "z") { return 0 }
    guard rest.count == 6, let sign = rest.first, rest[rest.startIndex + 3] == UInt8(ascii: ":"),
      sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
      let hours = number(rest.dropFirst().prefix(2)), let minutes = number(rest.suffix(2))
    else { return nil }
    return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
  }
}
