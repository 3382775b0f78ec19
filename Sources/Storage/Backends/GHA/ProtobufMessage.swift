#if GHA
  /// The few things of protobuf's wire format that the cache service's messages need: strings and numbers.
  struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    /// An empty text is left out, as proto3 has it.
    mutating func put(_ field: Int, _ text: String) {
      guard !text.isEmpty else { return }
      putNumber(UInt64(field << 3 | 2))
      putNumber(UInt64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    }

    mutating func put(_ field: Int, _ number: Int) {
      guard number != 0 else { return }
      putNumber(UInt64(field << 3))
      putNumber(UInt64(bitPattern: Int64(number)))
    }

    private mutating func putNumber(_ number: UInt64) {
      var rest = number
      while rest > 127 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
  }

  /// The fields of a message that came; of those that stand twice the last.
  struct ProtobufFields {
    private var numbers: [Int: UInt64] = [:]
    private var texts: [Int: String] = [:]

    func text(_ field: Int) -> String? { texts[field] }
    func number(_ field: Int) -> UInt64? { numbers[field] }

    /// Nil when it is no message.
    init?(_ bytes: [UInt8]) {
      var rest = bytes[...]
      while !rest.isEmpty {
        guard let tag = Self.takeNumber(&rest), let field = Int(exactly: tag >> 3) else {
          return nil
        }
        switch tag & 7 {
        case 0:
          guard let number = Self.takeNumber(&rest) else { return nil }
          numbers[field] = number
        case 1:
          guard rest.count >= 8 else { return nil }
          rest = rest.dropFirst(8)
        case 2:
          guard let length = Self.takeNumber(&rest), length <= UInt64(rest.count) else {
            return nil
          }
          texts[field] = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
          rest = rest.dropFirst(Int(length))
        case 5:
          guard rest.count >= 4 else { return nil }
          rest = rest.dropFirst(4)
        default: return nil
        }
      }
    }

    private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
      var number: UInt64 = 0
      var shift: UInt64 = 0
      while let byte = rest.popFirst() {
        guard shift < 64 else { return nil }
        number |= UInt64(byte & 127) << shift
        if byte < 128 { return number }
        shift += 7
      }
      return nil
    }
  }
#endif
