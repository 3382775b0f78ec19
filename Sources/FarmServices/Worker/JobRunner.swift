package import Farm
package import Platform

/// A job as a build server hands it to its sandbox.
package struct SandboxedJob: Sendable {
  package var archive: ArchiveID
  package var command: CompileCommand
  /// Absolute paths, as the client wrote them.
  package var outputs: [String]
  /// A tar archive, from its beginning.
  package var inputs: Spool
}

/// A file that a job made.
package struct SandboxedOutput: Sendable {
  /// As it was asked for.
  package var path: String
  package var contents: [UInt8]

  package init(path: String, contents: [UInt8]) {
    self.path = path
    self.contents = contents
  }
}

/// What came of it.
package struct SandboxedResult: Sendable {
  package enum Ending: Sendable, Equatable {
    case exited(UInt8)
    case killed(signal: UInt8)
    /// Not run, or ended: the client's doing (a path, a limit), in one line.
    case refused(String)
    /// Not run, or ended: nobody's doing that is known; it may be tried elsewhere.
    case failed(String)
  }

  package var ending: Ending
  package var standardOutput: [UInt8]
  package var standardError: [UInt8]
  /// Those that exist, with the path that was asked for.
  package var outputs: [SandboxedOutput]

  package init(
    ending: Ending, standardOutput: [UInt8] = [], standardError: [UInt8] = [],
    outputs: [SandboxedOutput] = []
  ) {
    self.ending = ending
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.outputs = outputs
  }
}

/// The sandbox, as a build server needs it.
package protocol JobRunner: Sendable {
  /// Unpacks a toolchain's archive into a directory that is empty and nobody else's; gives the bytes
  /// that it takes. Blocks its thread.
  ///
  /// - Throws: `WorkerFailure`, after which the directory's content is worth nothing.
  func unpack(_ archive: borrowing Descriptor, into directory: String) throws(WorkerFailure) -> Int

  /// Runs a job; blocks its thread. `isWanted` is asked now and then: false ends the job.
  func run(_ job: SandboxedJob, isWanted: @escaping @Sendable () -> Bool) -> SandboxedResult
}

/// Something that a build server could not do, in one line.
package struct WorkerFailure: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
