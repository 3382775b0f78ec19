import Glibc
import Platform
import Synchronization

/// Tells every wrapper that waits for the daemon, twice a second, that the daemon lives: however busy
/// the machine is, only a dead or stopped daemon is silent for long.
final class Heartbeat: Sendable {
  private let channels = Mutex<[ObjectIdentifier: Channel]>([:])
  private static let interval: Int64 = 500_000_000

  func start() {
    _ = startThread { [self] in
      while true {
        usleep(250_000)
        for channel in channels.withLock({ Array($0.values) }) {
          channel.beat(after: Self.interval)
        }
      }
    }
  }

  func watch(_ channel: Channel) {
    channel.isAwaited(true)
    channels.withLock { $0[ObjectIdentifier(channel)] = channel }
  }

  func forget(_ channel: Channel) {
    channels.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
  }
}
