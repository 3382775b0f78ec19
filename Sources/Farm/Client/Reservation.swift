import Platform

/// A place on a build server that is being asked for, or was given, while what is to be sent there is still
/// being made. Whoever has one compiles with it or gives it back.
package final class Reservation: Sendable {
  private enum State: Sendable {
    case asking
    case answered(Result<FarmClient.Lease, FarmFailure>)
    /// Taken, or not wanted any more.
    case over
  }

  private let client: FarmClient
  private let state = Monitor<State>(.asking)

  fileprivate init(_ client: FarmClient) {
    self.client = client
  }

  fileprivate func answer(_ result: Result<FarmClient.Lease, FarmFailure>) {
    let isLate = state.change { state in
      if case .over = state { return true }
      state = .answered(result)
      return false
    }
    if isLate, case .success(let lease) = result {
      client.giveBack(lease, because: .cancelled, hasEnded: false)
    }
  }

  /// The place, waited for; once.
  func take() throws(FarmFailure) -> FarmClient.Lease {
    // The question has a deadline of its own.
    let result = state.wait(until: .max) { state -> Result<FarmClient.Lease, FarmFailure>? in
      switch state {
      case .asking: return nil
      case .answered(let result):
        state = .over
        return result
      case .over: return .failure(.cancelled)
      }
    }
    return try (result ?? .failure(.cancelled)).get()
  }

  /// What was given and is not taken is free again at once.
  package func giveBack() {
    let given = state.change { state -> FarmClient.Lease? in
      defer { state = .over }
      if case .answered(.success(let lease)) = state { return lease }
      return nil
    }
    if let given { client.giveBack(given, because: .cancelled, hasEnded: false) }
  }
}

extension FarmClient {
  /// Asks for a place in the background; nil when no thread can be had for it.
  package func reserve(
    _ archive: ArchiveID, isWanted: @escaping @Sendable () -> Bool
  ) -> Reservation? {
    let reservation = Reservation(self)
    let isStarted = startThread { [self] in
      do throws(FarmFailure) {
        reservation.answer(.success(try allocate(archive, isWanted)))
      } catch {
        reservation.answer(.failure(error))
      }
    }
    return isStarted ? reservation : nil
  }
}
