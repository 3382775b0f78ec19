import TestSupport
import Testing
import Wire

@Suite struct MessageTests {
  private static let request = CompileRequest(
    flags: CompileRequest.standardErrorIsTerminal, umask: 0o027,
    root: RootDirectory(mount: 1 << 40, device: 2 << 32 | 3, inode: .max),
    directory: Array("/tmp/ä".utf8),
    arguments: [Array("gcc".utf8), Array("-c".utf8), [], [0xff, 0xfe], Array("a.c".utf8)],
    environment: [Array("PATH=/bin".utf8), [], Array("X=".utf8)])
  private static let order = RunOrder(
    program: Array("/usr/bin/gcc".utf8), arguments: [Array("cc".utf8), [0x80]],
    notice: Array("note\n".utf8))
  private static let outcome = Outcome(
    ending: Ending(exitCode: -1, signal: 9), isPartial: true, standardOutput: [0, 1, 2],
    standardError: Array("error\n".utf8), notice: [10])

  @Test func compileRequest() throws {
    let (kind, body) = try parts(of: Self.request.frame())
    #expect(kind == .compile)
    let read = try CompileRequest(body: body)
    #expect(read.flags == Self.request.flags)
    #expect(read.umask == Self.request.umask)
    #expect(read.root == Self.request.root)
    #expect(read.directory == Self.request.directory)
    #expect(read.arguments == Self.request.arguments)
    #expect(read.environment == Self.request.environment)
  }

  @Test func onlyPermissionBitsOfAUmaskCount() throws {
    var request = Self.request
    request.umask = 0xffff_ffff
    #expect(try CompileRequest(body: parts(of: request.frame()).body).umask == 0o777)
  }

  @Test func runOrder() throws {
    let (kind, body) = try parts(of: Self.order.frame())
    #expect(kind == .run)
    let read = try RunOrder(body: body)
    #expect(read.program == Self.order.program)
    #expect(read.arguments == Self.order.arguments)
    #expect(read.notice == Self.order.notice)
  }

  @Test(arguments: [FrameKind.report, .result])
  func outcome(kind: FrameKind) throws {
    let (found, body) = try parts(of: Self.outcome.frame(kind))
    #expect(found == kind)
    let read = try Outcome(body: body)
    #expect(read.ending.exitCode == -1)
    #expect(read.ending.signal == 9)
    #expect(read.isPartial)
    #expect(read.standardOutput == Self.outcome.standardOutput)
    #expect(read.standardError == Self.outcome.standardError)
    #expect(read.notice == Self.outcome.notice)
  }

  @Test(
    arguments: [(0, 0, true), (1, 0, false), (0, 11, false), (-1, 0, false)]
      as [(Int32, Int32, Bool)])
  func success(exitCode: Int32, signal: Int32, isSuccess: Bool) {
    #expect(Ending(exitCode: exitCode, signal: signal).isSuccess == isSuccess)
  }

  @Test func decline() throws {
    let (kind, body) = try parts(of: Decline(program: [1, 2], notice: [3]).frame())
    #expect(kind == .decline)
    let read = try Decline(body: body)
    #expect(read.program == [1, 2])
    #expect(read.notice == [3])
  }

  @Test func aCallWithoutWordsIsMalformed() throws {
    var request = Self.request
    request.arguments = []
    let requestBody = try parts(of: request.frame()).body
    #expect(throws: WireError.self) { try CompileRequest(body: requestBody) }
    var order = Self.order
    order.arguments = []
    let orderBody = try parts(of: order.frame()).body
    #expect(throws: WireError.self) { try RunOrder(body: orderBody) }
  }

  // MARK: damage

  private static let readers:
    [(name: String, frame: [UInt8], read: @Sendable ([UInt8]) throws -> Void)] = [
      ("request", request.frame(), { _ = try CompileRequest(body: $0) }),
      ("order", order.frame(), { _ = try RunOrder(body: $0) }),
      ("outcome", outcome.frame(.report), { _ = try Outcome(body: $0) }),
      ("decline", Decline(program: [1, 2, 3]).frame(), { _ = try Decline(body: $0) }),
    ]

  @Test(arguments: readers.indices)
  func everyTruncationIsRefused(index: Int) throws {
    let message = Self.readers[index]
    let body = try parts(of: message.frame).body
    for count in 0..<body.count {
      #expect(throws: WireError.self, "\(message.name) cut to \(count) bytes") {
        try message.read(Array(body.prefix(count)))
      }
    }
  }

  @Test(arguments: readers.indices)
  func nothingMayFollow(index: Int) throws {
    let message = Self.readers[index]
    let body = try parts(of: message.frame).body
    #expect(throws: WireError.self) { try message.read(body + [0]) }
  }

  /// Whatever the bytes, reading ends with a message or a `WireError`.
  @Test(arguments: readers.indices)
  func mutatedBodiesDoNoHarm(index: Int) throws {
    let message = Self.readers[index]
    let body = try parts(of: message.frame).body
    var random = SeededGenerator(seed: UInt64(index))
    for _ in 0..<5_000 {
      var changed = body
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<changed.count, using: &random)
        changed[at] =
          [0, 0xff, 0x7f, 0x80, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      do { try message.read(changed) } catch is WireError {}
    }
  }

  @Test func randomBytesDoNoHarm() throws {
    var random = SeededGenerator(seed: 42)
    for _ in 0..<5_000 {
      let bytes = random.bytes(Int.random(in: 0...64, using: &random))
      for message in Self.readers {
        do { try message.read(bytes) } catch is WireError {}
      }
      do { _ = try bytes.withUnsafeBytes { try FrameHeader.decode($0) } } catch is WireError {}
    }
  }

  @Test func randomRequestsSurvive() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let words = (0...Int.random(in: 0...20, using: &random)).map { _ in
        random.bytes(Int.random(in: 0...30, using: &random))
      }
      let request = CompileRequest(
        flags: .random(in: 0...UInt32.max, using: &random), umask: 0o22,
        root: RootDirectory(mount: 0, device: 1, inode: 2), directory: random.bytes(5),
        arguments: words, environment: words.reversed())
      let read = try CompileRequest(body: parts(of: request.frame()).body)
      #expect(read.flags == request.flags)
      #expect(read.arguments == words)
      #expect(read.environment == words.reversed())
      #expect(read.directory == request.directory)
    }
  }
}
