import Testing
import Wire

/// Splits a frame as a receiver does, and checks that its header tells the truth.
func parts(
  of frame: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) throws -> (kind: FrameKind, body: [UInt8]) {
  let header = try frame.withUnsafeBytes { try FrameHeader.decode($0) }
  #expect(
    header.bodyLength == frame.count - FrameHeader.byteCount, sourceLocation: sourceLocation)
  return (header.kind, Array(frame.dropFirst(FrameHeader.byteCount)))
}
