import Glibc
import Platform
import Synchronization

/// Looks up addresses with a limit in time, which `getaddrinfo` has not: a resolver that is away holds it
/// for half a minute.
package enum NameLookup {
  /// One address, as `connect` takes it.
  struct Candidate: Sendable, Equatable {
    var family: Int32
    var bytes: [UInt8]
  }

  private static let running = Atomic(0)
  /// Threads that wait for the resolver at one time.
  private static let limit = 16

  /// For libraries that look names up themselves: whether that can be done in time.
  package static func check(
    host: String, port: UInt16, until deadline: Int64
  ) throws(StreamFailure) {
    _ = try candidates(host: host, port: port, until: deadline)
  }

  static func candidates(
    host: String, port: UInt16, until deadline: Int64
  ) throws(StreamFailure) -> [Candidate] {
    if let literal = resolve(host, port, AI_NUMERICHOST).candidates { return literal }
    guard running.add(1, ordering: .relaxed).newValue <= limit else {
      running.subtract(1, ordering: .relaxed)
      throw .timedOut("\(host): too many lookups of names hang")
    }
    let answer = Monitor<Answer?>(nil)
    let isStarted = startThread {
      let found = resolve(host, port, 0)
      running.subtract(1, ordering: .relaxed)
      answer.change { $0 = found }
    }
    guard isStarted else {
      running.subtract(1, ordering: .relaxed)
      throw .unreachable("\(host): no thread to look the name up")
    }
    guard let found = answer.wait(until: deadline, { $0 }) else {
      throw .timedOut("\(host): the name is not found in time")
    }
    guard let candidates = found.candidates else {
      throw .unreachable("\(host): \(found.reason)")
    }
    return candidates
  }

  private struct Answer: Sendable {
    var candidates: [Candidate]?
    var reason = ""
  }

  private static func resolve(_ host: String, _ port: UInt16, _ flags: Int32) -> Answer {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = flags | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      return Answer(candidates: nil, reason: String(cString: gai_strerror(code)))
    }
    defer { freeaddrinfo(list) }
    var candidates: [Candidate] = []
    var next = list
    while let item = next?.pointee {
      if let address = item.ai_addr {
        let bytes = UnsafeRawBufferPointer(start: address, count: Int(item.ai_addrlen))
        candidates.append(Candidate(family: item.ai_family, bytes: Array(bytes)))
      }
      next = item.ai_next
    }
    return Answer(candidates: candidates)
  }
}
