/// How a job's process ended.
package enum JobEnding: Sendable, Hashable {
  case exited(UInt8)
  case killed(signal: UInt8)
}

/// In which form an ending travels in `code`.
package enum ExitCodeForm: Sendable {
  /// The exit code, or 128 and the signal, as Mozilla's server sends it. Its client takes the number
  /// for a wait status and calls every compile error a signal.
  case exitCode
  /// The same, shifted into the place that a wait status has it in: Mozilla's client on Unix then
  /// shows the true exit code. A signal stays 128 and its number, since a bare number would look like
  /// an exit code to other readers.
  case waitStatus
}

/// How a job ended, and what it printed.
package struct ProcessOutput: WireValue, Hashable {
  /// As it travels; see `ending`.
  package var code: Int32
  package var standardOutput: ArraySlice<UInt8>
  package var standardError: ArraySlice<UInt8>

  package init(
    _ ending: JobEnding, form: ExitCodeForm, standardOutput: ArraySlice<UInt8>,
    standardError: ArraySlice<UInt8>
  ) {
    let number: Int32
    switch ending {
    case .exited(let code): number = Int32(code)
    case .killed(let signal): number = 128 + Int32(signal)
    }
    code = form == .exitCode ? number : number << 8
    self.standardOutput = standardOutput
    self.standardError = standardError
  }

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    code = try reader.number("\(field).code")
    standardOutput = try reader.bytes("\(field).stdout")
    standardError = try reader.bytes("\(field).stderr")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(code)
    writer.put(standardOutput)
    writer.put(standardError)
  }

  /// The exit code in either form; nil for a number that is none. A code from 129 on may as well stand
  /// for a signal: the sandbox of Mozilla's server cannot tell them apart.
  package var exitCode: UInt8? {
    if let code = UInt8(exactly: code) { return code }
    return code & 255 == 0 ? UInt8(exactly: code >> 8) : nil
  }

  var json: JSONValue {
    .object([
      ("code", .signed(Int64(code))), ("stdout", .bytes(standardOutput)),
      ("stderr", .bytes(standardError)),
    ])
  }
}

/// A file that a job made.
package struct JobOutput: WireValue, Hashable {
  /// Exactly as it was asked for. Whoever receives it must compare it with what was asked for.
  package var path: String
  package var data: OutputData

  package init(path: String, data: OutputData) {
    self.path = path
    self.data = data
  }

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    path = try reader.text("\(field).path")
    data = try OutputData(from: &reader, "\(field).data")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(path)
    data.write(to: &writer)
  }
}

/// The answer of run_job.
package enum RunJobAnswer: WireAnswer, Hashable {
  case jobNotFound
  /// Outputs that do not exist are left out.
  case complete(ProcessOutput, outputs: [JobOutput])

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    guard try reader.alternative("run_job", of: 2) == 1 else {
      self = .jobNotFound
      return
    }
    let output = try ProcessOutput(from: &reader, "output")
    var outputs: [JobOutput] = []
    // Two counts and a length.
    for _ in 0..<(try reader.count("outputs", minimum: 24)) {
      outputs.append(try JobOutput(from: &reader, "outputs"))
    }
    self = .complete(output, outputs: outputs)
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .jobNotFound: writer.putAlternative(0)
    case .complete(let output, let outputs):
      writer.putAlternative(1)
      output.write(to: &writer)
      writer.putCount(outputs.count)
      for output in outputs { output.write(to: &writer) }
    }
  }

  package var json: JSONValue {
    switch self {
    case .jobNotFound: .text("JobNotFound")
    case .complete(let output, let outputs):
      .tagged(
        "Complete",
        .object([
          ("output", output.json),
          ("outputs", .array(outputs.map { .array([.text($0.path), $0.data.json]) })),
        ]))
    }
  }
}
