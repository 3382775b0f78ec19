import Synchronization

/// How many members are unpacked while their entries come: each takes the memory of zstd's window, some
/// 2.5 MB as entries are packed here, and so many more come at once.
final class UnpackingPlaces: Sendable {
  private let free: Mutex<Int>

  init(count: Int) { free = Mutex(count) }

  /// Nil when all are taken. Given back when nobody holds it any more.
  func take() -> Place? {
    let isFree = free.withLock { free in
      guard free > 0 else { return false }
      free -= 1
      return true
    }
    return isFree ? Place(self) : nil
  }

  final class Place: Sendable {
    private let places: UnpackingPlaces

    fileprivate init(_ places: UnpackingPlaces) { self.places = places }

    deinit { places.free.withLock { $0 += 1 } }
  }
}
