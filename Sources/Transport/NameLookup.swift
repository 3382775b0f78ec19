import Glibc
import Platform

/// Looks up addresses with a limit in time, which `getaddrinfo` has not: a resolver that is away holds it
/// for half a minute.
package enum NameLookup {
  /// One address, as `connect` takes it.
  struct Candidate: Sendable, Equatable {
    var family: Int32
    var bytes: [UInt8]
  }

  private struct Question: Hashable {
    var host: String
    var port: UInt16
  }

  /// A question to the resolver that is under way.
  private final class Flight: Sendable {
    let started = Clock.monotonic
    let answer = Monitor<Answer?>(nil)
  }

  private struct State {
    /// Threads that wait for the resolver.
    var running = 0
    /// The last flight of each question.
    var flights: [Question: Flight] = [:]
  }

  private static let state = Monitor(State())
  private static let mostRunning = 16
  /// Nanoseconds. Nobody joins an older flight: it may hang although the resolver is back.
  private static let joinable: Int64 = 1_000_000_000

  /// For libraries that look names up themselves: whether that can be done in time.
  package static func check(
    host: String, port: UInt16, until deadline: Int64
  ) throws(StreamFailure) {
    _ = try candidates(host: host, port: port, until: deadline)
  }

  /// Who asks for the same at the same time shares an answer: the connections of a build all go to one store.
  static func candidates(
    host: String, port: UInt16, until deadline: Int64
  ) throws(StreamFailure) -> [Candidate] {
    if let literal = resolve(host, port, AI_NUMERICHOST).candidates { return literal }
    let question = Question(host: host, port: port)
    guard let flight = state.wait(until: deadline, { Self.flight(for: question, &$0) }) else {
      throw .timedOut("\(host): too many lookups of names hang")
    }
    guard let found = flight.answer.wait(until: deadline, { $0 }) else {
      throw .timedOut("\(host): the name is not found in time")
    }
    guard let candidates = found.candidates else {
      throw .unreachable("\(host): \(found.reason)")
    }
    return candidates
  }

  /// One to join, or a new one; nil while too many threads wait.
  private static func flight(for question: Question, _ state: inout State) -> Flight? {
    let joined = state.flights[question]
    if let joined, Clock.monotonic - joined.started < joinable { return joined }
    guard state.running < mostRunning else { return nil }
    let flight = Flight()
    let isStarted = startThread {
      end(flight, of: question, resolve(question.host, question.port, 0))
    }
    guard isStarted else {
      flight.answer.change { $0 = Answer(candidates: nil, reason: "no thread to look the name up") }
      return flight
    }
    state.running += 1
    state.flights[question] = flight
    return flight
  }

  private static func end(_ flight: Flight, of question: Question, _ answer: Answer) {
    state.change { state in
      state.running -= 1
      if state.flights[question] === flight { state.flights[question] = nil }
    }
    flight.answer.change { $0 = answer }
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
