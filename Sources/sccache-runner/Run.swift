import CPosix
import CSandbox

/// A job as the runner prepared it: what the process inside needs.
struct PreparedJob {
  var order: JobOrder
  var configuration: SlotConfiguration
  /// The toolchain's root.
  var toolchain: Int32
  /// The job's memory file system, attached nowhere yet, and its directory that becomes the upper layer.
  var memory: Int32
  var upper: Int32
  /// The working directory and the outputs, without links of the toolchain and without `..`.
  var directory: [[UInt8]]
  var outputs: [[[UInt8]]]
  var output: Int32
  var errors: Int32
  var inputs: Int32
  /// Where the processes inside say how it went.
  var report: Int32
}

/// Runs one job and tells the server all about it. False when the server is gone.
func run(
  _ frame: Control.Frame, _ configuration: SlotConfiguration, _ control: Control
) -> Bool {
  guard let order = try? JobOrder(body: frame.body),
    frame.descriptors.count == (order.hasInputs ? 3 : 2)
  else { return false }
  var outcome = JobEnding.failed(.order, EINVAL)
  var job: PreparedJob?
  do throws(SetupFailure) {
    var prepared = try prepare(order, configuration)
    prepared.output = frame.descriptors[0]
    prepared.errors = frame.descriptors[1]
    prepared.inputs = order.hasInputs ? frame.descriptors[2] : -1
    job = prepared
    outcome = try supervise(prepared, control)
  } catch {
    outcome = error.ending
  }
  defer {
    if let job {
      close(job.toolchain)
      close(job.upper)
      close(job.memory)
    }
  }
  let isFull = job.map { csandbox_is_full($0.memory, 256 << 10) != 0 } ?? false
  guard control.send(.ended, outcome.encoded(isOutOfSpace: isFull)) else { return false }
  if case .exited = outcome, let job { return deliver(job, control) }
  return true
}

/// Why a job was not started.
struct SetupFailure: Error {
  var ending: JobEnding

  init(_ step: JobStep, code: Int32 = cposix_errno()) {
    ending = .failed(step, code)
  }

  init(_ failure: ExtractionFailure) {
    ending = .refused(failure)
  }
}

private func prepare(
  _ order: JobOrder, _ configuration: SlotConfiguration
) throws(SetupFailure) -> PreparedJob {
  let trees = cposix_open("/toolchains", O_DIRECTORY | O_CLOEXEC | csandbox_flag_path(), 0)
  guard trees >= 0 else { throw SetupFailure(.toolchain) }
  defer { close(trees) }
  guard isPlainName(order.toolchain) else { throw SetupFailure(.toolchain, code: EINVAL) }
  let toolchain = csandbox_open_strictly(
    trees, terminated(order.toolchain), O_DIRECTORY | csandbox_flag_path(), 0)
  guard toolchain >= 0 else { throw SetupFailure(.toolchain) }
  do throws(SetupFailure) {
    let paths = try resolvedPaths(order, toolchain)
    let memory = try makeMemory(order.limits, configuration)
    let upper = csandbox_open_strictly(memory, "u", O_DIRECTORY | csandbox_flag_path(), 0)
    guard upper >= 0 else {
      close(memory)
      throw SetupFailure(.memory)
    }
    return PreparedJob(
      order: order, configuration: configuration, toolchain: toolchain, memory: memory,
      upper: upper,
      directory: paths.directory, outputs: paths.outputs, output: -1, errors: -1, inputs: -1,
      report: -1)
  } catch {
    close(toolchain)
    throw error
  }
}

/// A name beneath the toolchains; it becomes part of a mount option, where `,` and `:` would mean more.
private func isPlainName(_ name: [UInt8]) -> Bool {
  guard let first = name.first, first != UInt8(ascii: "."), name.count <= 200 else { return false }
  return !name.contains { byte in
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: false
    default: true
    }
  }
}

private func resolvedPaths(
  _ order: JobOrder, _ toolchain: Int32
) throws(SetupFailure) -> (directory: [[UInt8]], outputs: [[[UInt8]]]) {
  let resolution = Resolution(tree: toolchain)
  let limits = order.inputs
  do throws(ExtractionFailure) {
    let directory = try resolution.resolve(
      try EntryPath.split(order.directory, limits), limits: limits)
    var outputs: [[[UInt8]]] = []
    for output in order.outputs {
      let isAbsolute = output.first == EntryPath.slash
      var path = try EntryPath.split(output, limits)
      guard let name = path.popLast(), !EntryPath.isParent(name) else {
        throw ExtractionFailure(.name, output)
      }
      let parent = try resolution.resolve(isAbsolute ? path : directory + path, limits: limits)
      outputs.append(parent + [name])
    }
    return (directory, outputs)
  } catch {
    throw SetupFailure(error)
  }
}

/// The file system that all of a job's files lie in. Closing its descriptor is what deletes them.
private func makeMemory(
  _ limits: KernelLimits, _ configuration: SlotConfiguration
) throws(SetupFailure) -> Int32 {
  let context = csandbox_open_file_system("tmpfs")
  guard context >= 0 else { throw SetupFailure(.memory) }
  defer { close(context) }
  guard csandbox_configure(context, "size", decimal(limits.fileSpace)) == 0,
    csandbox_configure(context, "nr_inodes", decimal(limits.fileCount)) == 0,
    csandbox_configure(context, "mode", "0755") == 0, csandbox_create_file_system(context) == 0
  else { throw SetupFailure(.memory) }
  let memory = csandbox_detached_mount(context)
  guard memory >= 0 else { throw SetupFailure(.memory) }
  guard mkdirat(memory, "u", 0o755) == 0, mkdirat(memory, "w", 0o755) == 0,
    fchownat(memory, "u", configuration.user, configuration.group, 0x100) == 0
  else {
    let failure = SetupFailure(.memory)
    close(memory)
    throw failure
  }
  return memory
}

private func decimal(_ value: UInt64) -> [CChar] {
  var digits: [CChar] = [0]
  var rest = value
  repeat {
    digits.insert(CChar(0x30 + rest % 10), at: 0)
    rest /= 10
  } while rest > 0
  return digits
}
