import CPosix
package import Platform

/// What became of a job.
package struct Outcome: Sendable {
  /// How it ended.
  package var ending: Ending
  /// What the job printed, cut off at `JobLimits.streamBytes`.
  package var standardOutput: [UInt8]
  /// The same of its error output.
  package var errorOutput: [UInt8]
  /// One for each output asked for, in that order; empty unless the job exited by itself.
  package var outputs: [Output]
  /// Nanoseconds from the order to the last word of the runner.
  package var duration: Int64

  package enum Ending: Sendable, Equatable {
    case exited(Int32)
    /// The number of the signal that ended it.
    case signal(Int32)
    /// It went over a limit and was ended.
    case limit(Limit)
    /// `Slot.cancel` was called.
    case cancelled
    /// The inputs, or a path that the client named: refused before anything was run.
    case refused(String)
    /// It could not be started: no such executable, a working directory that it may not enter.
    case notStarted(String)
    /// The slot failed, through no fault of the job that is known; it may be tried again.
    case lost(String)
  }

  /// What a job can use up; the text completes "the job used up".
  package enum Limit: String, Sendable, Equatable, CaseIterable {
    case time = "its wall-clock time"
    case processorTime = "its processor time"
    case standardOutput = "the bytes of its standard output"
    case errorOutput = "the bytes of its error output"
    case outputs = "the bytes of its outputs"
    case memory = "the slot's memory"
    case fileSpace = "the space or number of its files"
    case fileSize = "the size of one file"
  }
}

extension Outcome.Ending: CustomStringConvertible {
  /// One line, for a log and for the client.
  package var description: String {
    switch self {
    case .exited(let code): "the job exited with code \(code)"
    case .signal(let number): "the job was ended by signal \(number)"
    case .limit(let limit): "the job used up \(limit.rawValue)"
    case .cancelled: "the job was cancelled"
    case .refused(let why): "the job was refused: \(why)"
    case .notStarted(let why): "the job could not be started: \(why)"
    case .lost(let why): "the job's slot failed: \(why)"
    }
  }
}

/// One output of a job.
package struct Output: Sendable {
  /// As the job named it.
  package var path: [UInt8]
  package var state: State

  package enum State: Sendable {
    case present(OutputFile)
    /// The job made no such file.
    case missing
    /// The job left something else there; why it is not taken.
    case refused(String)
  }
}

/// A regular file with one name, that no process but this one has open. It lies in the job's memory,
/// which lasts until the last of its files is closed.
package final class OutputFile: Sendable {
  package let file: Descriptor
  /// Bytes.
  package let size: Int

  init(_ file: consuming Descriptor, size: Int) {
    self.file = file
    self.size = size
  }

  /// All of it.
  package func contents() throws(SystemError) -> [UInt8] {
    let bytes = try file.read(at: 0, count: size, path: "an output")
    guard bytes.count == size else { throw SystemError("read all of", "an output", code: EIO) }
    return bytes
  }
}

extension ExtractionFailure: CustomStringConvertible {
  /// One line without control characters, whatever the name was.
  package var description: String {
    let printable = name.prefix(200).map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }
    let place = printable.isEmpty ? "" : "'\(String(decoding: printable, as: UTF8.self))': "
    let cause = code == 0 ? "" : " (\(SystemError("", "", code: code).reason))"
    return "\(place)\(reason.message)\(cause)"
  }
}

extension SystemError {
  /// The cause alone.
  var reason: String { String(cString: strerror(code)) }
}
