#if Memcached
  import CMemcached
  import Glibc
  import Platform
  import Settings
  import Transport

  /// How servers are asked.
  struct MemcachedOptions: Sendable {
    var servers: [StreamAddress]
    var isBinary = true
    var username: String?
    var password: Secret?
  }

  /// A value and the word of 32 bits that is kept beside it.
  struct MemcachedValue: Equatable {
    var bytes: [UInt8]
    var flags: UInt32
  }

  /// One of libmemcached's handles, with a connection to each server. Which server has a key is found by
  /// consistent hashing (ketama).
  final class MemcachedHandle: @unchecked Sendable {
    // Sendable: it is in a pool or with one thread, never both.
    private var handle: UnsafeMutablePointer<memcached_st>?
    private let options: MemcachedOptions
    private let vigil: MemcachedVigil
    /// Something was asked before, over connections that may have ended since.
    private var isKept = false
    /// Of no use any more.
    private(set) var hasFailed = false

    init(_ options: MemcachedOptions, _ vigil: MemcachedVigil) {
      self.options = options
      self.vigil = vigil
    }

    deinit { memcached_free(handle) }

    func get(
      _ key: String, connectMilliseconds: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) -> MemcachedValue? {
      var value: MemcachedValue?
      let code = try ask(connectMilliseconds, deadlines) { handle in
        var length = 0
        var flags: UInt32 = 0
        var code = MEMCACHED_FAILURE
        let found = memcached_get(handle, key, key.utf8.count, &length, &flags, &code)
        defer { free(found) }
        // There is no memory where there is no byte.
        if code == MEMCACHED_SUCCESS {
          let bytes = UnsafeRawBufferPointer(start: found, count: found == nil ? 0 : length)
          value = MemcachedValue(bytes: Array(bytes), flags: flags)
        }
        return code == MEMCACHED_NOTFOUND ? Self.whyNotFound(handle) : code
      }
      return code == MEMCACHED_NOTFOUND ? nil : value
    }

    /// - Parameter expiration: as Memcached counts it: 0, or seconds up to thirty days, or since 1970.
    func set(
      _ key: String, _ value: UnsafeRawBufferPointer, flags: UInt32, expiration: Int,
      connectMilliseconds: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      let code = try ask(connectMilliseconds, deadlines) { handle in
        memcached_set(
          handle, key, key.utf8.count, value.baseAddress?.assumingMemoryBound(to: CChar.self),
          value.count, expiration, flags)
      }
      if code == MEMCACHED_NOTFOUND { throw .failed("it did not keep a value") }
    }

    func remove(
      _ key: String, connectMilliseconds: Int, _ deadlines: StreamDeadlines
    ) throws(BlobFailure) {
      _ = try ask(connectMilliseconds, deadlines) { handle in
        memcached_delete(handle, key, key.utf8.count, 0)
      }
    }

    // MARK: asking

    /// - Returns: success or "not found".
    private func ask(
      _ connectMilliseconds: Int, _ deadlines: StreamDeadlines,
      _ question: (UnsafeMutablePointer<memcached_st>) -> memcached_return_t
    ) throws(BlobFailure) -> memcached_return_t {
      while true {
        let wasKept = isKept
        let now = Clock.monotonic
        let left = min(Int64(deadlines.silence), (deadlines.end - now) / 1_000_000)
        guard left > 0 else {
          hasFailed = true
          throw .timedOut("its time is over")
        }
        let handle = try opened(until: now + Int64(connectMilliseconds) * 1_000_000)
        memcached_behavior_set(
          handle, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, UInt64(max(1, connectMilliseconds)))
        memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, UInt64(left))
        let code = vigil.guarding(handle, deadlines) { question(handle) }
        isKept = true
        if code == MEMCACHED_SUCCESS || code == MEMCACHED_NOTFOUND { return code }
        let failure = Self.failure(code, handle)
        // The state of its connections is unknown, or they wait for a server to be asked again.
        memcached_free(handle)
        self.handle = nil
        isKept = false
        // A kept connection that ended looks like a server that closes.
        if wasKept, code != MEMCACHED_SERVER_ERROR {
          switch failure {
          case .failed, .unreachable: continue
          default: break
          }
        }
        hasFailed = true
        throw failure
      }
    }

    private func opened(
      until deadline: Int64
    ) throws(BlobFailure) -> UnsafeMutablePointer<memcached_st> {
      if let handle { return handle }
      // libmemcached asks the resolver itself, without a limit: here it shows whether that will take long.
      for case .tcp(let host, let port) in options.servers {
        do throws(StreamFailure) {
          try NameLookup.check(host: host, port: port, until: deadline)
        } catch {
          throw BlobFailure(error)
        }
      }
      guard let new = memcached_create(nil) else {
        throw .failed("there is no memory for libmemcached")
      }
      handle = new
      let switches: [(memcached_behavior_t, UInt64)] = [
        (MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, options.isBinary ? 1 : 0),
        // Its own waits, which have limits, instead of the kernel's.
        (MEMCACHED_BEHAVIOR_NO_BLOCK, 1),
        (MEMCACHED_BEHAVIOR_TCP_NODELAY, 1),
        (MEMCACHED_BEHAVIOR_TCP_KEEPALIVE, 1),
        (MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1),
      ]
      for (name, value) in switches { memcached_behavior_set(new, name, value) }
      if let username = options.username {
        memcached_set_sasl_auth_data(new, username, options.password?.value ?? "")
      }
      for server in options.servers {
        let code: memcached_return_t
        switch server {
        case .tcp(let host, let port): code = memcached_server_add(new, host, port)
        case .unix(let path): code = memcached_server_add_unix_socket(new, path)
        }
        guard code == MEMCACHED_SUCCESS else {
          throw .unreachable("\(server): \(Self.text(code))")
        }
      }
      return new
    }

    private static func text(_ code: memcached_return_t) -> String {
      memcached_strerror(nil, code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }

    /// By the binary protocol libmemcached calls "not found" whatever ends before there is a value: a
    /// connection that broke off in it, a server that came to no end. What it noted on the way tells.
    private static func whyNotFound(
      _ handle: UnsafeMutablePointer<memcached_st>
    ) -> memcached_return_t {
      let noted = memcached_last_error(handle)
      return noted == MEMCACHED_SUCCESS || noted == MEMCACHED_END ? MEMCACHED_NOTFOUND : noted
    }

    /// Texts are libmemcached's own, not the server's.
    private static func failure(
      _ code: memcached_return_t, _ handle: UnsafeMutablePointer<memcached_st>
    ) -> BlobFailure {
      let text = text(code)
      switch code {
      case MEMCACHED_AUTH_PROBLEM, MEMCACHED_AUTH_FAILURE, MEMCACHED_AUTH_CONTINUE:
        return .denied(text)
      case MEMCACHED_E2BIG: return .tooLarge(text)
      case MEMCACHED_TIMEOUT, MEMCACHED_IN_PROGRESS: return .timedOut(text)
      case MEMCACHED_CONNECTION_FAILURE, MEMCACHED_HOST_LOOKUP_FAILURE, MEMCACHED_NO_SERVERS,
        MEMCACHED_SERVER_MARKED_DEAD, MEMCACHED_SERVER_TEMPORARILY_DISABLED:
        return .unreachable(text)
      case MEMCACHED_ERRNO:
        let number = memcached_last_error_errno(handle)
        let reason = String(cString: strerror(number))
        return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOENT, EACCES].contains(number)
          ? .unreachable(reason) : .failed(reason)
      case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE: return .limited(seconds: nil, text)
      default: return .failed(text)
      }
    }
  }
#endif
