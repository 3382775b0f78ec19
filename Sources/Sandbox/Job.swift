import Platform

/// One command to run in a toolchain's tree: everything that it gets. Names and paths are bytes, as the
/// client sent them; whatever they say, they are looked up inside the job's root only.
package struct Job: Sendable {
  /// The files that the job begins with.
  package enum Inputs: Sendable {
    case none
    /// A tar archive, not compressed.
    case archive([UInt8])
    /// The same in memory, as `Extraction.inputs` makes it of a packed archive.
    case memory(MemoryFile)
    /// The same, to be read from a descriptor that stays the caller's: a file, or a pipe. What comes
    /// slowly counts as the job's time.
    case descriptor(Int32)
  }

  /// The name of an unpacked tree beneath the host's directory of toolchains: letters, digits, `-`, `.`
  /// and `_`.
  package var toolchain: String
  /// Written beneath the root before the job begins; its directories are the job's to write in.
  package var inputs: Inputs
  /// The working directory; made where it is missing.
  package var directory: [UInt8]
  /// An absolute path, or one relative to the working directory. No search in `PATH`.
  package var executable: [UInt8]
  /// Without the executable's name.
  package var arguments: [[UInt8]]
  /// `NAME=VALUE` each. The job gets this and nothing else.
  package var environment: [[UInt8]]
  /// The files to bring back, absolute or relative to the working directory. Their directories are made.
  package var outputs: [[UInt8]]
  package var limits: JobLimits

  package init(
    toolchain: String, inputs: Inputs = .none, directory: [UInt8], executable: [UInt8],
    arguments: [[UInt8]] = [], environment: [[UInt8]] = [], outputs: [[UInt8]] = [],
    limits: JobLimits = JobLimits()
  ) {
    self.toolchain = toolchain
    self.inputs = inputs
    self.directory = directory
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.outputs = outputs
    self.limits = limits
  }
}

/// What one job may use at most. The memory, processes and processor share of a whole slot are its
/// cgroup's, see `SlotLimits`.
package struct JobLimits: Sendable, Equatable {
  /// Wall-clock seconds from the job's begin to the death of its last process.
  package var seconds = 600
  /// Seconds of processor time of each process.
  package var processorSeconds = 600
  /// Bytes of standard output, and as many of error output.
  package var streamBytes = 16 << 20
  /// Bytes of all outputs together.
  package var outputBytes = 1 << 30
  /// Bytes that all files of the job take: inputs, outputs and what it makes in between. They lie in
  /// memory, so this must be less than the slot's memory.
  package var fileBytes = 1 << 30
  /// Files and directories of the job.
  package var fileCount = 100_000
  /// Bytes of its longest file.
  package var longestFile = 1 << 30
  /// Open descriptors of each process.
  package var openFiles = 1024
  /// Processes and threads of the job; holds also where there is no cgroup.
  package var processes = 256
  /// Bytes of address space of each process; 0 is no limit. For hosts without a memory cgroup.
  package var addressSpace = 0
  /// Entries of the input archive.
  package var inputEntries = 20_000

  package init() {}

  /// What the runner sets and checks itself.
  var kernelLimits: KernelLimits {
    KernelLimits(
      fileSpace: UInt64(max(fileBytes, 0)), fileCount: UInt64(max(fileCount, 0)),
      fileSize: UInt64(max(longestFile, 0)), openFiles: UInt64(max(openFiles, 0)),
      processes: UInt64(max(processes, 0)), processorTime: UInt64(max(processorSeconds, 0)),
      addressSpace: UInt64(max(addressSpace, 0)))
  }
}

extension Job {
  /// A compiler has a handful; rustc's incremental directories are not brought back.
  package static var mostOutputs: Int { 4096 }

  /// Refuses what can't be told to the kernel, before anything is started.
  func order() throws(SandboxError) -> JobOrder {
    let texts = [directory, executable] + arguments + environment + outputs
    guard !texts.contains(where: { $0.contains(0) }) else {
      throw SandboxError("a path, argument or variable of the job contains a NUL")
    }
    guard executable.contains(UInt8(ascii: "/")) else {
      throw SandboxError("the job's executable is no path")
    }
    guard outputs.count <= Self.mostOutputs else {
      throw SandboxError("the job has more than \(Self.mostOutputs) outputs")
    }
    guard limits.fileBytes > 0, limits.fileCount > 8, limits.seconds > 0 else {
      throw SandboxError("the job's limits leave it nothing")
    }
    let inputLimits = ExtractionLimits(
      bytes: UInt64(limits.fileBytes), entries: UInt32(clamping: limits.inputEntries))
    var hasInputs = true
    if case .none = inputs { hasInputs = false }
    let order = JobOrder(
      toolchain: Array(toolchain.utf8), directory: directory, executable: executable,
      arguments: arguments, environment: environment, outputs: outputs, hasInputs: hasInputs,
      inputs: inputLimits, limits: limits.kernelLimits)
    return order
  }
}

/// Something that the sandbox could not do, in one line.
package struct SandboxError: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) {
    self.description = description
  }

  init(_ error: SystemError) {
    description = error.description
  }
}
