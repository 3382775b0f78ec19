#if Memcached
  import CacheKey
  import Glibc
  import Platform
  import Settings
  import Synchronization
  import Transport

  /// Memcached: one server, or several that share the keys by consistent hashing. Blobs that are too large
  /// for a value are stored in pieces, with an index under their name.
  struct MemcachedBlobs: BlobService {
    let location: String
    private let prefix: String
    private let expirationSeconds: Int
    private let now: @Sendable () -> Int64
    private let handles: MemcachedHandles

    /// Of a name, by the protocol.
    private static let longestKey = 250
    /// Memcached takes larger numbers for a moment since 1970.
    private static let longestExpiration = 30 * 24 * 3600

    var largestBlob: Int? { MemcachedIndex.largestBlob }

    init(_ settings: MemcachedSettings, _ context: BackendContext) throws(BackendProblem) {
      let middle = settings.keyPrefix.split(separator: "/").joined(separator: "/")
      prefix = middle.isEmpty ? "" : middle + "/"
      let longest = MemcachedIndex.name(
        prefix + BlobName.manifest(Digest.of([])).path, .max, MemcachedIndex.largestBlob)
      guard longest.utf8.count <= Self.longestKey, longest.utf8.allSatisfy({ $0 > 32 && $0 != 127 })
      else {
        throw BackendProblem(
          "SCCACHE_MEMCACHED_KEY_PREFIX: '\(settings.keyPrefix)' is too long for Memcached, or has a "
            + "space in it: keep it below 120 letters")
      }
      if settings.username != nil, settings.protocol == .text {
        throw BackendProblem(
          "Memcached's text protocol has no SASL: leave out SCCACHE_MEMCACHED_USERNAME, or set "
            + "SCCACHE_MEMCACHED_PROTOCOL=binary")
      }
      handles = MemcachedHandles(
        MemcachedOptions(
          servers: try MemcachedServers.read(settings.endpoint),
          isBinary: settings.protocol == .binary, username: settings.username,
          password: settings.password))
      expirationSeconds = settings.expirationSeconds
      now = context.now
      location = "memcached, name: memcached, prefix: /\(prefix)"
    }

    func fetch(
      _ name: BlobName, into sink: any BlobSink, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) -> Bool {
      let key = prefix + name.path
      let limits = Self.limits(deadlines, deadlines.total)
      return try handles.use { handle throws(BlobFailure) in
        guard
          let value = try handle.get(key, connectMilliseconds: deadlines.connect, limits)
        else { return false }
        switch value.flags {
        case MemcachedIndex.flagOfIndex:
          guard let index = MemcachedIndex(value.bytes) else {
            throw .failed("the index of \(name.path) can't be read")
          }
          return try fetch(index, key, handle, into: sink, deadlines, limits)
        // Other clients of the same server may have their own idea of the word.
        default:
          try Self.pass(value.bytes, sink)
          return true
        }
      }
    }

    /// - Returns: false when the server has dropped a piece and nothing went into the sink yet.
    private func fetch(
      _ index: MemcachedIndex, _ key: String, _ handle: MemcachedHandle, into sink: any BlobSink,
      _ deadlines: BlobDeadlines, _ limits: StreamDeadlines
    ) throws(BlobFailure) -> Bool {
      for (number, digest) in index.digests.enumerated() {
        let piece = try handle.get(
          MemcachedIndex.name(key, index.mark, number), connectMilliseconds: deadlines.connect,
          limits)
        guard let piece else {
          if number == 0 { return false }
          throw .failed("it dropped piece \(number + 1) of \(index.digests.count)")
        }
        guard piece.bytes.count == index.range(number).count, Digest.of(piece.bytes) == digest
        else { throw .failed("piece \(number + 1) of \(index.digests.count) is another") }
        try Self.pass(piece.bytes, sink)
      }
      return true
    }

    private static func pass(_ bytes: [UInt8], _ sink: any BlobSink) throws(BlobFailure) {
      guard bytes.isEmpty || bytes.withUnsafeBytes({ sink.take($0) }) else {
        throw .given(up: "the transfer was given up")
      }
    }

    func store(
      _ name: BlobName, _ blob: MemberContent, _ deadlines: BlobDeadlines
    ) throws(BlobFailure) {
      guard blob.size <= MemcachedIndex.largestBlob else {
        throw .tooLarge("\(blob.size) bytes, and \(MemcachedIndex.largestBlob) go into Memcached")
      }
      let key = prefix + name.path
      let limits = Self.limits(deadlines, deadlines.total)
      try handles.use { handle throws(BlobFailure) in
        func set(_ key: String, _ bytes: [UInt8], _ flags: UInt32) throws(BlobFailure) {
          try bytes.withUnsafeBytes { bytes in
            Result { () throws(BlobFailure) in
              try handle.set(
                key, bytes, flags: flags, expiration: expiration,
                connectMilliseconds: deadlines.connect, limits)
            }
          }.get()
        }
        guard blob.size > MemcachedIndex.pieceSize else {
          try set(key, try Self.bytes(blob, 0..<blob.size), MemcachedIndex.flagOfBlob)
          return
        }
        var index = MemcachedIndex(size: blob.size, mark: .random(in: 0 ... .max), digests: [])
        for number in 0..<MemcachedIndex.count(blob.size) {
          let bytes = try Self.bytes(blob, index.range(number))
          index.digests.append(Digest.of(bytes))
          try set(
            MemcachedIndex.name(key, index.mark, number), bytes, MemcachedIndex.flagOfPiece)
        }
        // Last: who finds the index finds the pieces.
        try set(key, index.bytes, MemcachedIndex.flagOfIndex)
      }
    }

    private static func bytes(
      _ blob: MemberContent, _ range: Range<Int>
    ) throws(BlobFailure) -> [UInt8] {
      switch blob {
      case .bytes(let bytes): return Array(bytes[range])
      case .file(let file):
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
          filled = 0
          while filled < range.count {
            let rest = UnsafeMutableRawBufferPointer(
              rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
            let count = file.read(at: range.lowerBound + filled, into: rest)
            guard count > 0 else { return }
            filled += count
          }
        }
        guard bytes.count == range.count else {
          throw .given(up: "what was to be sent can't be read")
        }
        return bytes
      }
    }

    private var expiration: Int {
      expirationSeconds <= Self.longestExpiration
        ? expirationSeconds : Int(now()) + expirationSeconds
    }

    /// Pieces stay until they expire or the server needs their place: nobody finds them without the index.
    func remove(_ name: BlobName, _ deadlines: BlobDeadlines) throws(BlobFailure) {
      let limits = Self.limits(deadlines, deadlines.lookup)
      try handles.use { handle throws(BlobFailure) in
        try handle.remove(
          prefix + name.path, connectMilliseconds: deadlines.connect, limits)
      }
    }

    private static func limits(_ deadlines: BlobDeadlines, _ milliseconds: Int) -> StreamDeadlines {
      StreamDeadlines(
        silence: deadlines.lookup, end: Clock.monotonic + Int64(milliseconds) * 1_000_000)
    }
  }

  /// Handles that nobody uses, one for each thread that asked at the same time as others.
  private final class MemcachedHandles: Sendable {
    private let options: MemcachedOptions
    private let vigil = MemcachedVigil()
    private let idle = Mutex<[MemcachedHandle]>([])
    private static let mostKept = 32

    init(_ options: MemcachedOptions) { self.options = options }

    func use<Result>(
      _ body: (MemcachedHandle) throws(BlobFailure) -> Result
    ) throws(BlobFailure) -> Result {
      let handle = idle.withLock { $0.popLast() } ?? MemcachedHandle(options, vigil)
      defer {
        if !handle.hasFailed {
          idle.withLock { if $0.count < Self.mostKept { $0.append(handle) } }
        }
      }
      return try body(handle)
    }
  }
#endif
