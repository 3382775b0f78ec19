/// A point on the clock that the scheduler is given: any clock that does not go back, in nanoseconds.
package struct Moment: Sendable, Hashable, Comparable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package static func < (left: Moment, right: Moment) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  package static func + (moment: Moment, span: Span) -> Moment {
    let (sum, isTooLate) = moment.nanoseconds.addingReportingOverflow(span.nanoseconds)
    return Moment(nanoseconds: isTooLate ? .max : sum)
  }

  package static func - (later: Moment, earlier: Moment) -> Span {
    Span(nanoseconds: later.nanoseconds - earlier.nanoseconds)
  }
}

/// A length of time in nanoseconds. Smaller and quicker than `Duration`, of which every event compares
/// several.
package struct Span: Sendable, Hashable, Comparable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// At most 292 years.
  package static func milliseconds(_ count: Int64) -> Span {
    let (product, isTooLong) = count.multipliedReportingOverflow(by: 1_000_000)
    return Span(nanoseconds: isTooLong ? .max : product)
  }

  package static func seconds(_ count: Int64) -> Span {
    milliseconds(count.multipliedReportingOverflow(by: 1000).overflow ? .max : count * 1000)
  }

  package static func minutes(_ count: Int64) -> Span { seconds(count * 60) }

  package static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
}
