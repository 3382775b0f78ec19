import Testing

@testable import Wire

@Suite struct FrameTests {
  private func header(
    magic: [UInt8] = Array("SCCW".utf8), version: UInt16 = wireVersion, kind: UInt16 = 1,
    length: UInt32 = 0
  ) -> [UInt8] {
    magic + [UInt8(version & 255), UInt8(version >> 8), UInt8(kind & 255), UInt8(kind >> 8)]
      + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) }
  }

  private func decode(_ bytes: [UInt8], maximum: Int = 1000) throws(WireError) -> FrameHeader {
    let result = bytes.withUnsafeBytes { buffer -> Result<FrameHeader, WireError> in
      do throws(WireError) {
        return .success(try FrameHeader.decode(buffer, maximumBody: maximum))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func failure(_ bytes: [UInt8], maximum: Int = 1000) -> WireError? {
    do throws(WireError) {
      _ = try decode(bytes, maximum: maximum)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [1, 2, 3, 4, 16, 17, 18, 19, 20] as [UInt16])
  func knowsItsKinds(raw: UInt16) throws {
    let found = try decode(header(kind: raw, length: 77))
    #expect(found.kind.rawValue == raw)
    #expect(found.bodyLength == 77)
  }

  @Test func refusesShortHeaders() {
    for count in 0..<FrameHeader.byteCount {
      guard case .truncated? = failure(Array(header().prefix(count))) else {
        Issue.record("\(count) bytes were taken for a header")
        continue
      }
    }
  }

  @Test func refusesForeignMagic() {
    for index in 0..<4 {
      var bytes = header()
      bytes[index] ^= 1
      guard case .notOurs? = failure(bytes) else {
        Issue.record("magic with byte \(index) changed was accepted")
        continue
      }
    }
    // Somebody speaks HTTP to the port.
    guard case .notOurs? = failure(Array("GET / HTTP/1.1\r\n".utf8)) else {
      Issue.record("an HTTP request was accepted")
      return
    }
  }

  @Test(arguments: [0, wireVersion + 1, 0xffff] as [UInt16])
  func namesTheOtherVersion(version: UInt16) {
    guard case .otherVersion(let found)? = failure(header(version: version)) else {
      Issue.record("version \(version) was accepted")
      return
    }
    #expect(found == version)
  }

  @Test(arguments: [0, 5, 15, 21, 0xffff] as [UInt16])
  func namesTheUnknownKind(kind: UInt16) {
    guard case .unknownKind(let found)? = failure(header(kind: kind)) else {
      Issue.record("kind \(kind) was accepted")
      return
    }
    #expect(found == kind)
  }

  @Test(arguments: [1001, 1 << 24, UInt32.max])
  func refusesLengthsBeforeMemoryIsTaken(length: UInt32) {
    guard case .tooLarge(let found)? = failure(header(length: length)) else {
      Issue.record("a body of \(length) was accepted")
      return
    }
    #expect(found == Int(length))
  }

  @Test func acceptsTheLargestBody() throws {
    #expect(try decode(header(length: 1000)).bodyLength == 1000)
  }

  // MARK: fields

  @Test func readsBackWhatWasWritten() throws {
    var writer = FrameWriter(.text)
    writer.append(0xdead_beef as UInt32)
    writer.append([1, 2, 3])
    writer.append([])
    "naïve".withCString { writer.append(cString: $0) }
    let (kind, body) = try parts(of: writer.finish())
    #expect(kind == .text)
    var reader = FrameReader(body)
    #expect(try reader.readUInt32() == 0xdead_beef)
    #expect(try reader.readBytes() == [1, 2, 3])
    #expect(try reader.readBytes() == [])
    #expect(try reader.readBytes() == Array("naïve".utf8))
    #expect(reader.isAtEnd)
  }

  @Test func anEmptyBodyIsAtItsEnd() {
    var reader = FrameReader([])
    #expect(reader.isAtEnd)
    #expect(throws: WireError.self) { try reader.readUInt32() }
    #expect(throws: WireError.self) { try reader.readBytes() }
    #expect(throws: WireError.self) { try reader.readList() }
  }

  /// 16 GiB of elements are announced in 4 bytes.
  @Test(arguments: [1, 2, 0x3fff_ffff, UInt32.max])
  func believesNoCountThatCannotBe(count: UInt32) {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * UInt32($0))) }
    var list = FrameReader(bytes)
    #expect(throws: WireError.self) { try list.readList() }
    var text = FrameReader(bytes)
    #expect(throws: WireError.self) { try text.readBytes() }
  }

  @Test func aListOfEmptyStringsHasItsCount() throws {
    var reader = FrameReader([3, 0, 0, 0] + [UInt8](repeating: 0, count: 12))
    #expect(try reader.readList() == [[], [], []])
    #expect(reader.isAtEnd)
  }
}
