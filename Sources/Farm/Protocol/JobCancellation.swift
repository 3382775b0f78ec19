/// The request of cancel_job, by which a client tells our scheduler that a job was for nothing. It shows
/// the job's own token, so that nobody ends the jobs of others. Answered as job_state is.
package enum JobCancellation: WireMessage, Hashable {
  /// The client has no use for it: its caller went away, say.
  case notWanted
  /// The server could not be reached, lost the job, or sent what was not asked for; why, in one line.
  case serverFailed(String)

  /// Bytes of the reason: the scheduler keeps it, and shows it to people.
  static let greatestReason = 512

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    if try reader.alternative("cancel_job", of: 2) == 0 {
      self = .notWanted
    } else {
      let reason = try reader.text("reason", limit: Self.greatestReason)
      self = .serverFailed(OneLine.of(reason, limit: Self.greatestReason))
    }
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .notWanted: writer.putAlternative(0)
    case .serverFailed(let reason):
      writer.putAlternative(1)
      writer.put(OneLine.of(reason, limit: Self.greatestReason))
    }
  }
}
