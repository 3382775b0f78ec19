// Shared as source with the runner; see Coding.swift. Server and runner are built and installed together
// and the runner is started anew with every slot: there are no versions.

/// A frame is the length of its body (4 bytes), its kind (1 byte), and the body.
enum RunnerFrame: UInt8 {
  /// To the runner: the filter's program, and the identity of jobs.
  case configure = 1
  /// To the runner: a job, with the descriptors of its output, error output and, if any, inputs.
  case run = 2
  /// To the runner: end the job that runs.
  case cancel = 3
  /// From the runner: it is configured.
  case ready = 16
  /// From the runner: how the job ended; its processes are all dead.
  case ended = 17
  /// From the runner: one output, in the order asked for; with a descriptor if it is there.
  case output = 18

  static let headLength = 5
  /// Bytes of the longest body: a job's arguments and environment.
  static let longestBody = 8 << 20

  func head(bodyLength: Int) -> [UInt8] {
    var writer = MessageWriter()
    writer.append(UInt32(bodyLength))
    writer.append(rawValue)
    return writer.bytes
  }
}

/// What the kernel holds a job to. The cgroup's limits are the slot's; these are set per job.
struct KernelLimits: Equatable {
  /// Bytes that the job's files may take, all together.
  var fileSpace: UInt64
  /// Files and directories that the job may make.
  var fileCount: UInt64
  /// Bytes of its longest file.
  var fileSize: UInt64
  /// Open descriptors of each process.
  var openFiles: UInt64
  var processes: UInt64
  /// Seconds of processor time of each process.
  var processorTime: UInt64
  /// Bytes of address space of each process; 0 is no limit.
  var addressSpace: UInt64
}

/// What the runner is told of a job.
struct JobOrder: Equatable {
  var toolchain: [UInt8]
  var directory: [UInt8]
  var executable: [UInt8]
  var arguments: [[UInt8]]
  var environment: [[UInt8]]
  var outputs: [[UInt8]]
  var hasInputs: Bool
  var inputs: ExtractionLimits
  var limits: KernelLimits

  func encoded() -> [UInt8] {
    var writer = MessageWriter()
    writer.append(toolchain)
    writer.append(directory)
    writer.append(executable)
    writer.append(arguments)
    writer.append(environment)
    writer.append(outputs)
    writer.append(hasInputs ? 1 : 0 as UInt8)
    writer.append(inputs.bytes)
    writer.append(inputs.entries)
    writer.append(inputs.depth)
    writer.append(inputs.nameLength)
    for limit in [
      limits.fileSpace, limits.fileCount, limits.fileSize, limits.openFiles, limits.processes,
      limits.processorTime, limits.addressSpace,
    ] {
      writer.append(limit)
    }
    return writer.bytes
  }
}

extension JobOrder {
  init(body: [UInt8]) throws(MalformedMessage) {
    var reader = MessageReader(body)
    toolchain = try reader.field()
    directory = try reader.field()
    executable = try reader.field()
    arguments = try reader.list()
    environment = try reader.list()
    outputs = try reader.list()
    hasInputs = try reader.byte() != 0
    inputs = ExtractionLimits(
      bytes: try reader.long(), entries: try reader.number(), depth: try reader.number(),
      nameLength: try reader.number())
    limits = KernelLimits(
      fileSpace: try reader.long(), fileCount: try reader.long(), fileSize: try reader.long(),
      openFiles: try reader.long(), processes: try reader.long(), processorTime: try reader.long(),
      addressSpace: try reader.long())
    guard reader.isAtEnd else { throw MalformedMessage() }
  }
}

/// How a job ended, or why it never began.
enum JobEnding: Equatable {
  case exited(Int32)
  case signalled(Int32)
  /// The server asked for it.
  case cancelled
  /// The inputs, or a path of the job, were refused.
  case refused(ExtractionFailure)
  /// A step of the set-up failed, with `errno`.
  case failed(JobStep, Int32)

  func encoded(isOutOfSpace: Bool) -> [UInt8] {
    var writer = MessageWriter()
    writer.append(isOutOfSpace ? 1 : 0 as UInt8)
    switch self {
    case .exited(let code):
      writer.append(1 as UInt8)
      writer.append(UInt32(bitPattern: code))
    case .signalled(let number):
      writer.append(2 as UInt8)
      writer.append(UInt32(bitPattern: number))
    case .cancelled:
      writer.append(3 as UInt8)
      writer.append(0 as UInt32)
    case .refused(let failure):
      writer.append(4 as UInt8)
      writer.append(UInt32(bitPattern: failure.code))
      writer.append(failure.reason.rawValue)
      // One atomic write to a pipe holds 4096 bytes.
      writer.append(Array(failure.name.prefix(2000)))
    case .failed(let step, let code):
      writer.append(5 as UInt8)
      writer.append(UInt32(bitPattern: code))
      writer.append(step.rawValue)
    }
    return writer.bytes
  }

  static func decode(_ body: [UInt8]) throws(MalformedMessage) -> (JobEnding, isOutOfSpace: Bool) {
    var reader = MessageReader(body)
    let isOutOfSpace = try reader.byte() != 0
    let kind = try reader.byte()
    let value = Int32(bitPattern: try reader.number())
    let ending: JobEnding
    switch kind {
    case 1: ending = .exited(value)
    case 2: ending = .signalled(value)
    case 3: ending = .cancelled
    case 4:
      guard let reason = ExtractionFailure.Reason(rawValue: try reader.byte()) else {
        throw MalformedMessage()
      }
      ending = .refused(ExtractionFailure(reason, try reader.field(), code: value))
    case 5:
      guard let step = JobStep(rawValue: try reader.byte()) else { throw MalformedMessage() }
      ending = .failed(step, value)
    default: throw MalformedMessage()
    }
    guard reader.isAtEnd else { throw MalformedMessage() }
    return (ending, isOutOfSpace)
  }
}

/// The steps of the runner that can fail.
enum JobStep: UInt8 {
  case order = 1, toolchain, memory, process, tree, overlay, devices, proc, root, streams, limits,
    identity, filter, directory, execute

  var message: StaticString {
    switch self {
    case .order: "read the job"
    case .toolchain: "open the toolchain"
    case .memory: "make the job's memory file system"
    case .process: "make the job's namespaces"
    case .tree: "make the job's directories"
    case .overlay: "mount the overlay"
    case .devices: "bind the devices"
    case .proc: "mount /proc"
    case .root: "enter the job's root"
    case .streams: "connect the job's streams"
    case .limits: "set the job's limits"
    case .identity: "give up the runner's identity"
    case .filter: "install the system call filter"
    case .directory: "enter the working directory"
    case .execute: "start the executable"
    }
  }
}

/// What became of an output.
enum OutputState: UInt8 {
  case present = 0, missing, notRegular, severalLinks, refused
}
