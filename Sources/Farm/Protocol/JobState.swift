/// How far a job is.
package enum JobState: Int, WireValue, Hashable, CaseIterable {
  /// Assigned; the server has not got the toolchain.
  case pending
  /// The server has the toolchain, or is receiving it.
  case ready
  /// The server runs it.
  case started
  /// It has ended, well or not.
  case complete

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    switch try reader.alternative(field, of: 4) {
    case 0: self = .pending
    case 1: self = .ready
    case 2: self = .started
    default: self = .complete
    }
  }

  package func write(to writer: inout BincodeWriter) {
    writer.putAlternative(rawValue)
  }

  /// The name in JSON.
  package var json: JSONValue {
    switch self {
    case .pending: .text("Pending")
    case .ready: .text("Ready")
    case .started: .text("Started")
    case .complete: .text("Complete")
    }
  }

  /// The name in errors.
  package var name: String {
    switch self {
    case .pending: "pending"
    case .ready: "ready"
    case .started: "started"
    case .complete: "complete"
    }
  }
}

/// The request of job_state: a server tells how far a job is.
package struct JobStateReport: WireMessage, Hashable {
  package var state: JobState

  package init(_ state: JobState) {
    self.state = state
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    state = try JobState(from: &reader, "job_state")
  }

  package func write(to writer: inout BincodeWriter) {
    state.write(to: &writer)
  }
}

/// The answer of job_state. Mozilla's scheduler never answers `failure`, and its server takes it for
/// success: a refusal has to be an error response.
package enum JobStateAnswer: WireAnswer, Hashable {
  case success
  case failure(String)

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    self =
      try reader.alternative("job_state", of: 2) == 0
      ? .success : .failure(try reader.text("msg"))
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .success: writer.putAlternative(0)
    case .failure(let message):
      writer.putAlternative(1)
      writer.put(message)
    }
  }

  package var json: JSONValue {
    switch self {
    case .success: .text("Success")
    case .failure(let message): .tagged("Fail", .object([("msg", .text(message))]))
    }
  }
}
