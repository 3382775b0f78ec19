// Shared as source with the wrapper; see Frame.swift.

/// How a process ended: its exit code, or the signal that killed it.
package struct Ending: Sendable {
  package var exitCode: Int32
  /// 0 when the process exited by itself.
  package var signal: Int32

  package init(exitCode: Int32, signal: Int32 = 0) {
    self.exitCode = exitCode
    self.signal = signal
  }

  package var isSuccess: Bool { exitCode == 0 && signal == 0 }
}

/// The variable that lists, separated by colons, what is run for a call already, outermost first. A
/// program that calls the wrapper by the compiler's name again (a script, a copy of ccache) is not the
/// compiler, and would be called for ever.
package let runningProgramsVariable: StaticString = "SCCACHE_RUNNING_PROGRAMS"
/// More programs in each other are taken for one that calls itself.
package let nestingLimit = 16

/// What `/` is to a process. A mount belongs to one mount namespace only, so two processes with equal
/// roots see the same files at the same paths (statx(2), `STATX_MNT_ID`).
package struct RootDirectory: Sendable, Equatable {
  /// 0 where the kernel doesn't tell (before Linux 5.8).
  package var mount: UInt64
  package var device: UInt64
  package var inode: UInt64

  package init(mount: UInt64, device: UInt64, inode: UInt64) {
    self.mount = mount
    self.device = device
    self.inode = inode
  }
}

/// A compiler call, as the wrapper sends it. Everything is bytes: paths need not be UTF-8.
package struct CompileRequest: Sendable {
  /// Flag bits of a request.
  package static let standardErrorIsTerminal: UInt32 = 1

  package var flags: UInt32
  package var umask: UInt32
  package var root: RootDirectory
  package var directory: [UInt8]
  /// The compiler as the caller named it, then its arguments.
  package var arguments: [[UInt8]]
  /// `NAME=value` each, in the caller's order.
  package var environment: [[UInt8]]

  package init(
    flags: UInt32, umask: UInt32, root: RootDirectory, directory: [UInt8], arguments: [[UInt8]],
    environment: [[UInt8]]
  ) {
    self.flags = flags
    self.umask = umask
    self.root = root
    self.directory = directory
    self.arguments = arguments
    self.environment = environment
  }

  package init(body: [UInt8]) throws(WireError) {
    var reader = FrameReader(body)
    flags = try reader.readUInt32()
    umask = try reader.readUInt32() & 0o777
    root = RootDirectory(
      mount: try reader.readUInt64(), device: try reader.readUInt64(),
      inode: try reader.readUInt64())
    directory = try reader.readBytes()
    arguments = try reader.readList()
    environment = try reader.readList()
    guard reader.isAtEnd, !arguments.isEmpty else { throw .malformed }
  }

  package func frame() -> [UInt8] {
    var writer = FrameWriter(.compile, capacity: 16384)
    writer.append(flags)
    writer.append(umask)
    writer.append(root)
    writer.append(directory)
    writer.append(UInt32(arguments.count))
    for argument in arguments { writer.append(argument) }
    writer.append(UInt32(environment.count))
    for variable in environment { writer.append(variable) }
    return writer.finish()
  }
}

/// The daemon's order to compile here: the wrapper runs this program as its own child, so that
/// environment, umask, limits, jobserver and terminal are the caller's by nature.
package struct RunOrder: Sendable {
  package var program: [UInt8]
  /// argv, with the name by which the caller called the compiler first.
  package var arguments: [[UInt8]]
  /// Lines for the person at the terminal, printed on standard error first.
  package var notice: [UInt8]
  /// What the compiler prints is passed on at once, beside being reported: cargo goes on with other crates
  /// as soon as rustc says that this one's metadata is there.
  package var isStreamed: Bool

  package init(
    program: [UInt8], arguments: [[UInt8]], notice: [UInt8], isStreamed: Bool = false
  ) {
    self.program = program
    self.arguments = arguments
    self.notice = notice
    self.isStreamed = isStreamed
  }

  package init(body: [UInt8]) throws(WireError) {
    var reader = FrameReader(body)
    program = try reader.readBytes()
    arguments = try reader.readList()
    notice = try reader.readBytes()
    isStreamed = try reader.readUInt32() != 0
    guard reader.isAtEnd, !arguments.isEmpty else { throw .malformed }
  }

  package func frame() -> [UInt8] {
    var writer = FrameWriter(.run, capacity: 4096)
    writer.append(program)
    writer.append(UInt32(arguments.count))
    for argument in arguments { writer.append(argument) }
    writer.append(notice)
    writer.append(isStreamed ? 1 as UInt32 : 0)
    return writer.finish()
  }
}

/// What the wrapper's child did (wrapper → daemon), and what the wrapper shall show for it and
/// exit with (daemon → wrapper).
package struct Outcome: Sendable {
  package var ending: Ending
  /// The wrapper had to let output through before it was complete: it can't be replayed.
  package var isPartial: Bool
  package var standardOutput: [UInt8]
  package var standardError: [UInt8]
  package var notice: [UInt8]

  package init(
    ending: Ending, isPartial: Bool = false, standardOutput: [UInt8] = [],
    standardError: [UInt8] = [], notice: [UInt8] = []
  ) {
    self.ending = ending
    self.isPartial = isPartial
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.notice = notice
  }

  package init(body: [UInt8]) throws(WireError) {
    var reader = FrameReader(body)
    ending = Ending(
      exitCode: Int32(bitPattern: try reader.readUInt32()),
      signal: Int32(bitPattern: try reader.readUInt32()))
    isPartial = try reader.readUInt32() != 0
    standardOutput = try reader.readBytes()
    standardError = try reader.readBytes()
    notice = try reader.readBytes()
    guard reader.isAtEnd else { throw .malformed }
  }

  /// A frame of kind `.report` or `.result`.
  package func frame(_ kind: FrameKind) -> [UInt8] {
    var writer = FrameWriter(
      kind, capacity: 64 + standardOutput.count + standardError.count + notice.count)
    writer.append(UInt32(bitPattern: ending.exitCode))
    writer.append(UInt32(bitPattern: ending.signal))
    writer.append(isPartial ? 1 as UInt32 : 0)
    writer.append(standardOutput)
    writer.append(standardError)
    writer.append(notice)
    return writer.finish()
  }
}

/// The daemon will not handle this call: the wrapper becomes the compiler.
package struct Decline: Sendable {
  /// The compiler's path; empty when the wrapper shall look it up itself.
  package var program: [UInt8]
  package var notice: [UInt8]

  package init(program: [UInt8], notice: [UInt8] = []) {
    self.program = program
    self.notice = notice
  }

  package init(body: [UInt8]) throws(WireError) {
    var reader = FrameReader(body)
    program = try reader.readBytes()
    notice = try reader.readBytes()
    guard reader.isAtEnd else { throw .malformed }
  }

  package func frame() -> [UInt8] {
    var writer = FrameWriter(.decline)
    writer.append(program)
    writer.append(notice)
    return writer.finish()
  }
}

extension FrameWriter {
  package mutating func append(_ root: RootDirectory) {
    append(root.mount)
    append(root.device)
    append(root.inode)
  }
}
