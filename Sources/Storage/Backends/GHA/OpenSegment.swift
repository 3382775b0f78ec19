#if GHA
  import CacheKey
  import CPosix
  import Glibc
  import Platform

  /// Blobs that wait for being sent together, in a file without a name.
  struct OpenSegment: Sendable {
    let file: TemporaryFile
    private(set) var blobs: [BlobName: (offset: Int, length: Int)] = [:]
    private(set) var removed: Set<BlobName> = []
    private(set) var size = 0

    /// - Parameter directory: where the file is made.
    init(in directory: String) throws(BlobFailure) {
      let path = "\(directory)/sccache-segment-\(UInt64.random(in: .min ... .max))"
      do throws(SystemError) {
        let descriptor = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        Glibc.unlink(path)
        file = TemporaryFile(descriptor: descriptor, size: 0)
      } catch {
        throw .given(up: "what is to be sent can't be kept: \(error)")
      }
    }

    var isEmpty: Bool { blobs.isEmpty && removed.isEmpty }

    /// The file with its size, for sending it.
    func sealed() throws(BlobFailure) -> TemporaryFile {
      let copy = fcntl(file.descriptor.number, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else {
        throw .given(up: "\(SystemError("copy a descriptor of", "a segment"))")
      }
      return TemporaryFile(descriptor: Descriptor(copy), size: size)
    }

    mutating func append(_ name: BlobName, _ blob: MemberContent) throws(BlobFailure) {
      let head = SegmentIndex.record(name, length: blob.size)
      var end = size
      try write(head, head.count, at: &end)
      switch blob {
      case .bytes(let bytes): try write(bytes, bytes.count, at: &end)
      case .file(let source): try copy(source, at: &end)
      }
      blobs[name] = (size, blob.size)
      removed.remove(name)
      size = end
    }

    mutating func remove(_ name: BlobName) {
      blobs[name] = nil
      removed.insert(name)
    }

    /// False when the sink wants no more.
    func read(_ name: BlobName, into sink: any BlobSink) throws(BlobFailure) -> Bool {
      guard let blob = blobs[name] else { return false }
      let start = blob.offset + SegmentIndex.recordHead
      var buffer = [UInt8](repeating: 0, count: min(max(blob.length, 1), 256 << 10))
      var done = 0
      while done < blob.length {
        let wanted = min(buffer.count, blob.length - done)
        let count = buffer.withUnsafeMutableBytes {
          file.read(at: start + done, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
        }
        guard count > 0 else { throw .given(up: "what waits for being sent can't be read") }
        guard buffer.withUnsafeBytes({ sink.take(UnsafeRawBufferPointer(rebasing: $0[..<count])) })
        else { throw .given(up: "the transfer was given up") }
        done += count
      }
      return true
    }

    private func copy(_ source: TemporaryFile, at end: inout Int) throws(BlobFailure) {
      var buffer = [UInt8](repeating: 0, count: 256 << 10)
      var done = 0
      while done < source.size {
        let wanted = min(buffer.count, source.size - done)
        let count = buffer.withUnsafeMutableBytes {
          source.read(at: done, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
        }
        guard count > 0 else { throw .given(up: "what is to be sent can't be read") }
        try write(buffer, count, at: &end)
        done += count
      }
    }

    /// The first `count` of some bytes.
    private func write(
      _ bytes: [UInt8], _ count: Int, at end: inout Int
    ) throws(BlobFailure) {
      var done = 0
      while done < count {
        let written = bytes.withUnsafeBytes {
          pwrite(
            file.descriptor.number, $0.baseAddress?.advanced(by: done), count - done, off_t(end))
        }
        if written < 0, errno == EINTR { continue }
        guard written > 0 else {
          throw .given(up: "what is to be sent can't be kept: \(SystemError("write", "a segment"))")
        }
        done += written
        end += written
      }
    }
  }
#endif
