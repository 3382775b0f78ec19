// run_job's request is the only one with a frame:
//
//     length     u32, BIG-endian: how long the next part is
//     header     bincode: the command, the outputs that are wanted
//     inputs     a zlib stream of a tar, up to the end of the body
//
// The inputs can be large and are not kept here: `RunJobIntake` splits the header off while the body
// arrives and leaves the rest to whoever unpacks it.

/// The compiler call of a job. All paths are the client's; the server runs it in a file system of its
/// own that looks the same.
package struct CompileCommand: WireValue, Hashable {
  package var executable: String
  package var arguments: [String]
  package var environment: [EnvironmentVariable]
  /// Absolute.
  package var directory: String

  /// A variable of the job's environment.
  package struct EnvironmentVariable: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(
    executable: String, arguments: [String], environment: [EnvironmentVariable], directory: String
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
  }

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    executable = try reader.text("\(field).executable")
    arguments = try reader.texts("\(field).arguments")
    environment = []
    // Two texts, each with a count of its own.
    for _ in 0..<(try reader.count("\(field).env_vars", minimum: 16)) {
      let name = try reader.text("\(field).env_vars")
      environment.append(
        EnvironmentVariable(name: name, value: try reader.text("\(field).env_vars")))
    }
    directory = try reader.text("\(field).cwd")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(executable)
    writer.put(arguments)
    writer.putCount(environment.count)
    for variable in environment {
      writer.put(variable.name)
      writer.put(variable.value)
    }
    writer.put(directory)
  }
}

/// What stands before the inputs.
package struct RunJobHeader: WireMessage, Hashable {
  package var command: CompileCommand
  /// Absolute paths of the files that shall come back, if they exist.
  package var outputs: [String]

  package init(command: CompileCommand, outputs: [String]) {
    self.command = command
    self.outputs = outputs
  }

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    command = try CompileCommand(from: &reader, "command")
    outputs = try reader.texts("outputs")
  }

  package func write(to writer: inout BincodeWriter) {
    command.write(to: &writer)
    writer.put(outputs)
  }

  /// Length and header: what a body begins with. The zlib stream of the inputs follows.
  package var framed: [UInt8] {
    let body = self.body
    return withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body
  }
}

/// Why run_job's body cannot be split.
package enum RunJobFault: Error, Sendable, Equatable {
  /// It ends before the length does.
  case noLength
  /// The length is more than the limit.
  case headerTooLarge(count: Int, limit: Int)
  case malformedHeader(MalformedMessage)
}

/// Splits the header off a body that arrives in pieces.
package struct RunJobIntake: Sendable {
  private var collected: [UInt8] = []
  private let limit: Int

  /// `limit` bounds the header in bytes: Linux takes some 6 MB of arguments and environment, each of
  /// which is a little longer here.
  package init(limit: Int = 16 << 20) {
    self.limit = limit
  }

  /// Takes a piece; once the header is complete, gives it and what belongs to the inputs of this
  /// piece. All later pieces belong to the inputs and are not to be given here.
  package mutating func take(
    _ piece: ArraySlice<UInt8>
  ) throws(RunJobFault) -> (header: RunJobHeader, inputs: ArraySlice<UInt8>)? {
    var rest = piece
    if collected.count < 4 {
      move(4 - collected.count, from: &rest)
      guard collected.count == 4 else { return nil }
    }
    let length = collected.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= limit else { throw .headerTooLarge(count: length, limit: limit) }
    move(4 + length - collected.count, from: &rest)
    guard collected.count == 4 + length else { return nil }
    do throws(MalformedMessage) {
      return (try RunJobHeader(body: collected.dropFirst(4)), rest)
    } catch {
      throw .malformedHeader(error)
    }
  }

  /// The body has ended before `take` gave a header: what is wrong with it.
  package var faultAtEnd: RunJobFault {
    collected.count < 4
      ? .noLength : .malformedHeader(MalformedMessage(field: "command", reason: .endsEarly))
  }

  private mutating func move(_ count: Int, from rest: inout ArraySlice<UInt8>) {
    collected.append(contentsOf: rest.prefix(count))
    rest = rest.dropFirst(count)
  }
}
