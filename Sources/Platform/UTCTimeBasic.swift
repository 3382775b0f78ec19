import Glibc

extension UTCTime {
  /// `20150830T123600Z`: the basic form of ISO 8601, which signatures of requests are made with. Its
  /// first eight digits are the day.
  package static func basicText(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var fields = tm()
    gmtime_r(&time, &fields)
    let day = digits(fields.tm_year + 1900, 4) + digits(fields.tm_mon + 1) + digits(fields.tm_mday)
    let clock = digits(fields.tm_hour) + digits(fields.tm_min) + digits(fields.tm_sec)
    return "\(day)T\(clock)Z"
  }

  private static func digits(_ number: Int32, _ count: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }
}
