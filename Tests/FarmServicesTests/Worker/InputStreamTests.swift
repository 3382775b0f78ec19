import Farm
import Glibc
import Platform
import TestSupport
import Testing

@testable import FarmServices

/// The inputs of a job on their way to the disk, in both compressions.
@Suite struct InputStreamTests {
  private let directory = TemporaryDirectory()

  private static func compressed(_ bytes: [UInt8], _ form: JobForm) -> [UInt8] {
    var result: [UInt8] = []
    switch form {
    case .mozilla: result = bytes.withUnsafeBytes { Zlib.deflate($0) }
    case .checked:
      var compressor = StreamCompressor(level: 1)
      _ = bytes.withUnsafeBytes { bytes in
        compressor.feed(bytes, isLast: true) { result.append(contentsOf: $0) }
      }
    }
    return result
  }

  private static func stream(_ form: JobForm, limit: Int) -> any InputStream {
    switch form {
    case .mozilla: ZlibInput(limit: limit)
    case .checked: ZstdInput(limit: limit)
    }
  }

  @Test(arguments: JobForm.allCases, [1, 100, 1 << 20])
  func bytesArrive(form: JobForm, piece: Int) throws {
    let plain = [UInt8](repeating: 3, count: 400_000) + [1, 2]
    let bytes = Self.compressed(plain, form)
    let spool = try Spool(in: directory.path)
    let stream = Self.stream(form, limit: plain.count)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      #expect(!stream.hasEnded)
      try stream.take(bytes[start..<min(start + piece, bytes.count)], into: spool)
    }
    #expect(stream.hasEnded)
    #expect(try spool.file.read(at: 0, count: 1 << 20, path: "spool") == plain)
  }

  /// Few bytes that would become many.
  @Test(arguments: JobForm.allCases)
  func theyAreBounded(form: JobForm) throws {
    let bytes = Self.compressed([UInt8](repeating: 0, count: 3_000_000), form)
    let spool = try Spool(in: directory.path)
    let stream = Self.stream(form, limit: 2_999_999)
    #expect(throws: WorkerFailure("the inputs are larger than this server allows")) {
      try stream.take(bytes[...], into: spool)
    }
    var status = stat()
    fstat(spool.file.number, &status)
    #expect(status.st_size <= 2_999_999)
  }

  @Test(arguments: JobForm.allCases, 0..<20)
  func anyBytes(form: JobForm, seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var bytes = Self.compressed(random.bytes(3000) + [UInt8](repeating: 0, count: 9000), form)
    for _ in 0..<3 {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    let spool = try Spool(in: directory.path)
    let stream = Self.stream(form, limit: 100_000)
    for start in stride(from: 0, to: bytes.count, by: 700) {
      do {
        try stream.take(bytes[start..<min(start + 700, bytes.count)], into: spool)
      } catch {
        break
      }
    }
    var status = stat()
    fstat(spool.file.number, &status)
    #expect(status.st_size <= 100_000)
  }
}
