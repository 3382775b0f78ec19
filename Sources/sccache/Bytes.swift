import CPosix

// Paths and arguments are bytes here; Embedded Swift's String would bring its tables.

func collect(_ argv: CStrings, _ count: Int) -> [[UInt8]] {
  var words: [[UInt8]] = []
  words.reserveCapacity(count)
  for index in 0..<count {
    if let word = argv[index] { words.append(bytes(word)) }
  }
  return words
}

func bytes(_ cString: UnsafePointer<CChar>) -> [UInt8] {
  let count = strlen(cString)
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    if count > 0, let start = buffer.baseAddress { memcpy(start, cString, count) }
    filled = count
  }
}

func bytes(_ text: StaticString) -> [UInt8] {
  Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}

/// A literal's bytes are followed by a NUL.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

func terminated(_ bytes: [UInt8]) -> [CChar] {
  var result = bytes.map { CChar(bitPattern: $0) }
  result.append(0)
  return result
}

func baseName(_ path: [UInt8]) -> [UInt8] {
  guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return path }
  return Array(path[(slash + 1)...])
}

/// Calls `body` with a NULL-terminated argv of the words.
func withCStrings<Result>(_ words: [[UInt8]], _ body: (CStrings) -> Result) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = words.map { word in
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: word.count + 1)
    for (index, byte) in word.enumerated() { copy[index] = CChar(bitPattern: byte) }
    copy[word.count] = 0
    return copy
  }
  defer { for pointer in pointers { pointer?.deallocate() } }
  pointers.append(nil)
  return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}

func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes {
      write(descriptor, $0.baseAddress! + written, bytes.count - written)
    }
    if count < 0, cposix_errno() == EINTR { continue }
    if count < 0, cposix_errno() == EAGAIN {
      var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = poll(&poller, 1, 1000)
      continue
    }
    guard count > 0 else { return }
    written += count
  }
}

/// Swift's hashing, which enums conform to, asks for this name to seed itself; musl lacks it.
@c(arc4random_buf)
func fillWithRandomBytes(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
  _ = getrandom(buffer, count, 0)
}

/// A number of milliseconds from the environment.
func milliseconds(_ name: StaticString, default fallback: Int32) -> Int32 {
  guard let text = getenv(cString(name)) else { return fallback }
  let value = strtol(text, nil, 10)
  return value > 0 && value < 3_600_000 ? Int32(value) : fallback
}
