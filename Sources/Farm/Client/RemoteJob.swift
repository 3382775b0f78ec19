import Glibc
import Platform

/// One compilation for the farm.
package struct RemoteJob: Sendable {
  /// A file that the job reads.
  package struct Input: Sendable {
    package enum Content: Sendable {
      case bytes([UInt8])
      /// So many bytes of a file here, read when the job is sent.
      case file(path: String, size: Int)
    }

    /// Where it lies there: absolute, without `.` and `..`.
    package var path: String
    package var content: Content

    package init(path: String, content: Content) {
      self.path = path
      self.content = content
    }

    var size: Int {
      switch content {
      case .bytes(let bytes): bytes.count
      case .file(_, let size): size
      }
    }
  }

  package var command: CompileCommand
  /// Absolute paths of all files that may come back.
  package var outputs: [String]
  package var inputs: [Input]
  /// A success that printed something is one: the compiler says the same everywhere.
  package var mayPrint = false

  package init(
    command: CompileCommand, outputs: [String], inputs: [Input], mayPrint: Bool = false
  ) {
    self.command = command
    self.outputs = outputs
    self.inputs = inputs
    self.mayPrint = mayPrint
  }

  /// The body of run_job.
  ///
  /// - Throws: for a path that no tar header of the old kind holds, and for a file that can't be read or
  ///   isn't the one any more that was meant.
  func body(_ form: JobForm) throws(FarmFailure) -> [UInt8] {
    var body = RunJobHeader(command: command, outputs: outputs).framed
    switch form {
    case .mozilla:
      var deflater = Deflater(level: 1)
      try pieces { (piece, isLast) throws(FarmFailure) in
        piece.withUnsafeBytes { bytes in
          deflater.feed(bytes, isLast: isLast) { body.append(contentsOf: $0) }
        }
      }
    case .checked:
      // Level 1: against zlib's, a third of the time for a fifth less (3.1 MB of C++ with its includes:
      // 5.7 ms and 565 kB, zlib 18.2 ms and 686 kB); level 3 takes a third longer for 9 % less.
      var compressor = StreamCompressor(level: 1)
      try pieces { (piece, isLast) throws(FarmFailure) in
        let isDone = piece.withUnsafeBytes { bytes in
          compressor.feed(bytes, isLast: isLast) { body.append(contentsOf: $0) }
        }
        guard isDone else { throw .refused("zstd has no memory for the input") }
      }
    }
    return body
  }

  /// The tar archive, piece by piece.
  private func pieces(
    _ take: ([UInt8], _ isLast: Bool) throws(FarmFailure) -> Void
  ) throws(FarmFailure) {
    for input in inputs {
      guard let header = UstarHeader(path: input.path, size: input.size) else {
        throw .refused("the input's path is too long for the farm: \(input.path)")
      }
      try take(header.bytes, false)
      switch input.content {
      case .bytes(let bytes): try take(bytes, false)
      case .file(let path, let size):
        try read(path, size) { (piece) throws(FarmFailure) in
          try take(piece, false)
        }
      }
      // Filled up to a whole block.
      try take([UInt8](repeating: 0, count: (512 - input.size % 512) % 512), false)
    }
    try take([UInt8](repeating: 0, count: 1024), true)
  }

  private func read(
    _ path: String, _ size: Int, _ take: ([UInt8]) throws(FarmFailure) -> Void
  ) throws(FarmFailure) {
    var offset = 0
    do {
      let file = try Descriptor.open(path, O_RDONLY)
      while offset < size {
        let piece = try file.read(at: offset, count: min(1 << 20, size - offset), path: path)
        guard !piece.isEmpty else { break }
        try take(piece)
        offset += piece.count
      }
    } catch let error as FarmFailure {
      throw error
    } catch {
      throw .refused("an input can't be read: \(error)")
    }
    guard offset == size else { throw .refused("an input became shorter: \(path)") }
  }
}

/// The header of one regular file in a tar archive (POSIX.1-1988, "ustar").
struct UstarHeader {
  let bytes: [UInt8]

  /// Nil when the path doesn't fit.
  init?(path: String, size: Int) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: some Sequence<UInt8>, at offset: Int) {
      for (index, byte) in text.enumerated() { header[offset + index] = byte }
    }
    func octal(_ number: Int, digits: Int) -> [UInt8] {
      let text = String(number, radix: 8)
      return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
    }
    let name = Array(path.utf8.drop { $0 == UInt8(ascii: "/") })
    guard let (prefix, rest) = Self.split(name), size < 1 << 33 else { return nil }
    put(rest, at: 0)
    put(prefix, at: 345)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ".utf8, at: 148)
    header[156] = UInt8(ascii: "0")
    put("ustar\0".utf8, at: 257)
    put("00".utf8, at: 263)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
    bytes = header
  }

  /// Up to 155 bytes in front of a slash, up to 100 behind it.
  private static func split(_ name: [UInt8]) -> (prefix: [UInt8], rest: [UInt8])? {
    guard !name.isEmpty, !name.contains(0) else { return nil }
    if name.count <= 100 { return ([], name) }
    for index in name.indices
    where name[index] == UInt8(ascii: "/") && index <= 155 && name.count - index - 1 <= 100 {
      return (Array(name[..<index]), Array(name[(index + 1)...]))
    }
    return nil
  }
}
