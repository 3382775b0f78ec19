// The runner of a job slot. It is started once per slot, through bubblewrap, and makes for each job a
// fresh pid and mount namespace with an overlay of the job's toolchain; see docs/security.md for what
// holds it and what it holds. One process, one thread, static: after a fork nothing of it is stale.
import CPosix
import CSandbox

/// argv as C hands it over.
typealias CStrings = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@c(sccache_runner_main)
func entry(_ count: Int32, _ arguments: CStrings) -> Int32 {
  var words: [[UInt8]] = []
  for index in 0..<Int(count) {
    if let word = arguments[index] { words.append(bytes(of: word)) }
  }
  guard words.count > 1 else { return usage() }
  if words[1] == bytes("enter") { return enter(arguments, words) }
  if words[1] == bytes("serve") { return serve(control: 3) }
  if words[1] == bytes("probe") { return 0 }
  return usage()
}

private func usage() -> Int32 {
  complain("sccache-runner is started by sccache-dist's server")
  return 2
}

func bytes(_ text: StaticString) -> [UInt8] {
  Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}

func bytes(of cString: UnsafePointer<CChar>) -> [UInt8] {
  let count = strlen(cString)
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    if count > 0, let start = buffer.baseAddress { memcpy(start, cString, count) }
    filled = count
  }
}

/// A literal's bytes are followed by a NUL.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// A line on standard error, where the server reads why a slot did not start.
func complain(_ text: StaticString, code: Int32 = 0) {
  var line = bytes("sccache-runner: ") + bytes(text)
  if code != 0, let reason = strerror(code) { line += bytes(": ") + bytes(of: reason) }
  line.append(0x0a)
  _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}

/// Calls `body` with a NULL-terminated argv of the words.
func withCStrings<Result>(_ words: [[UInt8]], _ body: (CStrings) -> Result) -> Result {
  let pointers = CStrings.allocate(capacity: words.count + 1)
  for (index, word) in words.enumerated() {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: word.count + 1)
    for (position, byte) in word.enumerated() { copy[position] = CChar(bitPattern: byte) }
    copy[word.count] = 0
    pointers[index] = copy
  }
  pointers[words.count] = nil
  defer {
    for index in 0..<words.count { pointers[index]?.deallocate() }
    pointers.deallocate()
  }
  return body(pointers)
}

/// Swift's hashing asks for this name to seed itself; musl lacks it.
@c(arc4random_buf)
func fillWithRandomBytes(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
  _ = getrandom(buffer, count, 0)
}
