package import Platform

// run_job's answer in form 1 (`JobForm.checked`), which only our programs speak. docs/farm-protocol.md
// has it byte for byte.

/// How a job ended, by kind.
package enum JobEnd: WireValue, Hashable {
  case exited(UInt8)
  case killed(signal: UInt8)
  /// Not run, or ended, because of what the client wants: a path, a limit. Another server would do the
  /// same. The reason in one line.
  case refused(String)
  /// Lost by the server, through no fault of the job that is known. The reason in one line.
  case lost(String)

  /// Bytes of a reason; longer ones are malformed.
  static let greatestReason = 4096

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    switch try reader.alternative(field, of: 4) {
    case 0: self = .exited(try reader.number("\(field).code"))
    case 1: self = .killed(signal: try reader.number("\(field).signal"))
    case 2: self = .refused(try Self.reason(from: &reader, field))
    default: self = .lost(try Self.reason(from: &reader, field))
    }
  }

  /// What a peer says ends up in a log.
  private static func reason(
    from reader: inout BincodeReader, _ field: String
  ) throws(MalformedMessage) -> String {
    OneLine.of(
      try reader.text("\(field).reason", limit: greatestReason), limit: greatestReason)
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .exited(let code):
      writer.putAlternative(0)
      writer.put(code)
    case .killed(let signal):
      writer.putAlternative(1)
      writer.put(signal)
    case .refused(let reason):
      writer.putAlternative(2)
      writer.put(OneLine.of(reason, limit: Self.greatestReason))
    case .lost(let reason):
      writer.putAlternative(3)
      writer.put(OneLine.of(reason, limit: Self.greatestReason))
    }
  }
}

/// A file that a job made, with the digest of its bytes.
package struct CheckedOutput: WireValue, Hashable {
  private enum Coding: Int {
    /// The bytes as they are.
    case raw
    /// One zstd frame.
    case zstd
  }

  /// Exactly as it was asked for. Whoever receives it must compare it with what was asked for.
  package var path: String
  /// SHA-256 of the plain bytes: with the processors of today several times as fast as BLAKE3.
  package var digest: Digest
  /// Of the plain bytes, as the sender claims it.
  package var length: UInt64
  private var coding: Coding
  /// Shares the memory of the answer it came in.
  private var data: ArraySlice<UInt8>

  /// Why contents were not taken.
  package enum Fault: Error, Sendable, Equatable {
    case tooLarge(length: UInt64, limit: Int)
    /// No zstd frame, or one of another length than was claimed.
    case damaged
    /// The bytes are not those that the digest was made of.
    case otherDigest
  }

  /// Compressed where that makes it smaller by a tenth at least.
  package init(path: String, contents: [UInt8]) {
    self.path = path
    digest = Digest.of(contents)
    length = UInt64(contents.count)
    if let frame = contents.withUnsafeBytes({ Compression.compress($0, level: 1) }) {
      coding = .zstd
      data = frame[...]
    } else {
      coding = .raw
      data = contents[...]
    }
  }

  package init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage) {
    path = try reader.text("\(field).path")
    guard let digest = Digest(bytes: try reader.raw("\(field).digest", count: Digest.byteCount))
    else { throw MalformedMessage(field: "\(field).digest", reason: .endsEarly) }
    self.digest = digest
    length = try reader.number("\(field).length")
    coding = try reader.alternative("\(field).coding", of: 2) == 0 ? .raw : .zstd
    data = try reader.bytes("\(field).data")
  }

  package func write(to writer: inout BincodeWriter) {
    writer.put(path)
    writer.putRaw(digest.bytes[...])
    writer.put(length)
    writer.putAlternative(coding.rawValue)
    writer.put(data)
  }

  /// How many bytes it takes on the wire without its head.
  package var transferred: Int { data.count }

  /// The plain bytes: as many as were claimed, at most `limit`, and those that the digest is of.
  package func contents(limit: Int) throws(Fault) -> [UInt8] {
    guard length <= UInt64(limit) else { throw .tooLarge(length: length, limit: limit) }
    let contents: [UInt8]
    switch coding {
    case .raw:
      guard data.count == Int(length) else { throw .damaged }
      contents = Array(data)
    case .zstd:
      let count = Int(length)
      guard let plain = data.withUnsafeBytes({ Compression.decompress($0, count: count) }) else {
        throw .damaged
      }
      contents = plain
    }
    guard Digest.of(contents) == digest else { throw .otherDigest }
    return contents
  }
}

/// The answer of run_job in form 1.
package enum CheckedJobAnswer: WireMessage, Hashable {
  case jobNotFound
  /// Outputs that do not exist are left out; a job that was refused or lost has none.
  case ended(
    JobEnd, standardOutput: ArraySlice<UInt8>, standardError: ArraySlice<UInt8>,
    outputs: [CheckedOutput])

  package init(from reader: inout BincodeReader) throws(MalformedMessage) {
    guard try reader.alternative("run_job", of: 2) == 1 else {
      self = .jobNotFound
      return
    }
    let end = try JobEnd(from: &reader, "end")
    let standardOutput = try reader.bytes("stdout")
    let standardError = try reader.bytes("stderr")
    var outputs: [CheckedOutput] = []
    // Two counts, a digest, a length and the coding.
    for _ in 0..<(try reader.count("outputs", minimum: 60)) {
      outputs.append(try CheckedOutput(from: &reader, "outputs"))
    }
    self = .ended(
      end, standardOutput: standardOutput, standardError: standardError, outputs: outputs)
  }

  package func write(to writer: inout BincodeWriter) {
    switch self {
    case .jobNotFound: writer.putAlternative(0)
    case .ended(let end, let standardOutput, let standardError, let outputs):
      writer.putAlternative(1)
      end.write(to: &writer)
      writer.put(standardOutput)
      writer.put(standardError)
      writer.putCount(outputs.count)
      for output in outputs { output.write(to: &writer) }
    }
  }
}
