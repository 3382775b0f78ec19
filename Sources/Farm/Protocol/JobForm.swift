/// In which form the two bodies of run_job are written. The client chooses one that the server takes,
/// which it learns from the scheduler, and names it in a header of its request; the answer is in the
/// same form and names it too.
package enum JobForm: UInt32, Sendable, CaseIterable {
  /// As every program reads it, without the header: zlib, one number for the end of a job.
  case mozilla = 0
  /// The inputs are a zstd frame; the answer is a `CheckedJobAnswer`.
  case checked = 1

  /// The newest one that this program knows.
  package static let newest = JobForm.checked
  /// The header, in requests and in answers.
  package static let header = "sccache-job"

  /// The newest form that a peer takes which announces this number, and that is known here.
  package init(announced number: UInt32) {
    self = JobForm(rawValue: min(number, Self.newest.rawValue)) ?? .mozilla
  }

  /// Whether a server that takes this form also reads toolchains that are one zstd frame.
  package var readsZstdToolchains: Bool { self != .mozilla }

  /// As a request's header says; nil when the form is not known here.
  package init?(header text: String?) {
    guard let text else {
      self = .mozilla
      return
    }
    guard let number = UInt32(text), number > 0, let form = JobForm(rawValue: number) else {
      return nil
    }
    self = form
  }

  /// The header that a message in this form bears.
  package var headers: [(name: String, value: String)] {
    self == .mozilla ? [] : [(Self.header, "\(rawValue)")]
  }
}
