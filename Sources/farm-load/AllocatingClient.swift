import Farm
import NIOCore
import Platform

/// Asks for one place after the other, and uses none.
struct AllocatingClient: Asking {
  private let token: String
  private let body: [UInt8]
  private let tally: Tally

  init(_ token: String, archive: ArchiveID, _ tally: Tally) {
    self.token = token
    body = ToolchainRequest(archive: archive).body
    self.tally = tally
  }

  /// Connects again when the scheduler ends the connection.
  ///
  /// - Parameter end: nanoseconds of the monotonic clock.
  func run(_ connector: Connector, until end: Int64) async {
    while Clock.monotonic < end {
      do {
        try await connector.ask(self)
      } catch {
        tally.couldNotConnect()
        try? await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  func next() -> Question? {
    tally.isOver ? nil : Question(call: .allocateJob, token: token, body: body)
  }

  func took(status: UInt, body: ByteBuffer, nanoseconds: Int64) {
    let answer = status == 200 ? try? AllocationAnswer(body: Array(body.readableBytesView)) : nil
    switch answer {
    case .success: tally.granted(nanoseconds)
    case .failure: tally.refused()
    case nil: tally.failed()
    }
  }
}
