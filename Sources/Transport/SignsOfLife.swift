import Synchronization

/// Answers to questions for a sign of life, shared by all who wait for the same peer: of a hundred jobs on
/// one build server one asks, and its answer counts for all.
final class SignsOfLife: Sendable {
  private struct Peer {
    var watchers = 0
    var isAsked = false
    /// How many signs came.
    var count = 0
  }

  /// By the question's URL; those that somebody watches.
  private let peers = Mutex<[String: Peer]>([:])

  /// Somebody begins to wait for the peer; gives the number of signs so far.
  func begin(_ url: String) -> Int {
    peers.withLock { peers in
      peers[url, default: Peer()].watchers += 1
      return peers[url]?.count ?? 0
    }
  }

  /// Whoever began ends.
  func end(_ url: String) {
    peers.withLock { peers in
      peers[url]?.watchers -= 1
      if let peer = peers[url], peer.watchers <= 0 { peers[url] = nil }
    }
  }

  func count(_ url: String) -> Int { peers.withLock { $0[url]?.count ?? 0 } }

  /// True for one at a time: that one asks, and tells what came of it.
  func claim(_ url: String) -> Bool {
    peers.withLock { peers in
      guard peers[url]?.isAsked == false else { return false }
      peers[url]?.isAsked = true
      return true
    }
  }

  func asked(_ url: String, isAlive: Bool) {
    peers.withLock { peers in
      peers[url]?.isAsked = false
      if isAlive { peers[url]?.count += 1 }
    }
  }
}
