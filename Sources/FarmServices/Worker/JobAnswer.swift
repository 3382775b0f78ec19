import Farm
import WebServer

/// run_job's answer, in the form that its client asked for.
enum JobAnswer: Sendable {
  case mozilla(RunJobAnswer)
  case checked(CheckedJobAnswer)

  /// The job is not known, or not any more.
  static func notFound(_ form: JobForm) -> JobAnswer {
    switch form {
    case .mozilla: .mozilla(.jobNotFound)
    case .checked: .checked(.jobNotFound)
    }
  }

  /// Compresses the outputs, which takes its time: not for the cooperative pool.
  ///
  /// - Throws: in Mozilla's form, which has no words for a job that did not run to its end.
  init(_ result: SandboxedResult, _ form: JobForm) throws(ErrorResponse) {
    switch form {
    case .mozilla: self = .mozilla(try RunJobAnswer(result))
    case .checked: self = .checked(CheckedJobAnswer(result))
    }
  }

  /// - Parameter format: only Mozilla's form exists as JSON.
  func reply(_ format: BodyFormat) -> HTTPReply {
    switch self {
    case .mozilla(let answer): HTTPReply(answer, format)
    case .checked(let answer):
      HTTPReply(
        status: 200,
        headers: [("Content-Type", BodyFormat.bincode.contentType)] + JobForm.checked.headers,
        body: Array(answer.bodyPieces.joined()))
    }
  }
}

extension RunJobAnswer {
  fileprivate init(_ result: SandboxedResult) throws(ErrorResponse) {
    let ending: JobEnding
    switch result.ending {
    case .exited(let code): ending = .exited(code)
    case .killed(let signal): ending = .killed(signal: signal)
    case .refused(let reason), .failed(let reason): throw .buildFailed([reason])
    }
    let output = ProcessOutput(
      ending, form: .waitStatus, standardOutput: result.standardOutput[...],
      standardError: result.standardError[...])
    let outputs = result.outputs.map { output in
      JobOutput(
        path: output.path, data: output.contents.withUnsafeBytes { OutputData(deflating: $0) })
    }
    self = .complete(output, outputs: outputs)
  }
}

extension CheckedJobAnswer {
  fileprivate init(_ result: SandboxedResult) {
    let end: JobEnd
    switch result.ending {
    case .exited(let code): end = .exited(code)
    case .killed(let signal): end = .killed(signal: signal)
    case .refused(let reason): end = .refused(reason)
    case .failed(let reason): end = .lost(reason)
    }
    switch result.ending {
    case .exited, .killed:
      self = .ended(
        end, standardOutput: result.standardOutput[...],
        standardError: result.standardError[...],
        outputs: result.outputs.map { CheckedOutput(path: $0.path, contents: $0.contents) })
    case .refused, .failed:
      self = .ended(end, standardOutput: [], standardError: [], outputs: [])
    }
  }
}
