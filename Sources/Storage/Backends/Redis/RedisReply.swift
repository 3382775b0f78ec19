#if Redis
  import CRedis

  /// What a server says (RESP 2).
  enum RedisReply: Sendable, Equatable {
    case status(String)
    case error(String)
    case integer(Int)
    case bytes([UInt8])
    /// A value that went into a sink while it came.
    case passedOn
    case null
    case array([RedisReply])

    init(_ reply: UnsafePointer<redisReply>) {
      let it = reply.pointee
      switch it.type {
      case REDIS_REPLY_STRING: self = .bytes(Self.bytes(it))
      case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.bytes(it), as: UTF8.self))
      case REDIS_REPLY_ERROR: self = .error(String(decoding: Self.bytes(it), as: UTF8.self))
      case REDIS_REPLY_INTEGER: self = .integer(Int(it.integer))
      case REDIS_REPLY_ARRAY:
        self = .array(
          (0..<it.elements).map { index in
            credis_element(reply, index).map { RedisReply($0) } ?? .null
          })
      default: self = .null
      }
    }

    private static func bytes(_ it: redisReply) -> [UInt8] {
      Array(UnsafeRawBufferPointer(start: it.str, count: Int(it.len)))
    }
  }

  /// What the first word of an error says, which is made for programs; the rest is for people.
  struct RedisError {
    let text: String

    private var code: Substring { text.prefix { $0 != " " } }

    var failure: BlobFailure {
      // Limited, because an error repeats what it complains about.
      let shown = String(text.prefix(160).map { $0.isNewline ? " " : $0 })
      switch code {
      case "NOAUTH", "WRONGPASS", "NOPERM", "DENIED", "READONLY": return .denied(shown)
      case "LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "OOM":
        return .limited(seconds: nil, shown)
      default: break
      }
      if text.hasPrefix("ERR max number of clients") { return .limited(seconds: nil, shown) }
      if text.hasPrefix("ERR Protocol error: invalid bulk length")
        || text.contains("proto-max-bulk-len")
      {
        return .tooLarge(shown)
      }
      return .failed(shown)
    }

    /// Of the answer to AUTH: without a word that the server may have repeated from the question.
    var failureOfLogin: BlobFailure { .denied("AUTH is answered with \(code.prefix(20))") }

    /// A cluster's word that somebody else has the key.
    var redirection: (slot: Int, host: String, port: UInt16, isForGood: Bool)? {
      let words = text.split(separator: " ")
      guard words.count == 3, words[0] == "MOVED" || words[0] == "ASK",
        let slot = Int(words[1]), 0..<RedisSlot.count ~= slot,
        let colon = words[2].lastIndex(of: ":"),
        let port = UInt16(words[2][words[2].index(after: colon)...])
      else { return nil }
      return (slot, String(words[2][..<colon]), port, words[0] == "MOVED")
    }
  }
#endif
