import Platform
import Synchronization

/// Limits how many calls do something at once. Looking up and restoring: more than a few per processor
/// only makes each of them slower and takes memory; waiting for a compiler needs no slot.
final class WorkSlots: Sendable {
  private let free: Monitor<FreeCount>

  init(count: Int) {
    free = Monitor(FreeCount(count))
  }

  func take() -> WorkSlot {
    _ = free.wait(until: .max) { $0.take() }
    return WorkSlot(self)
  }

  /// Nil when none is free.
  func takeIfFree() -> WorkSlot? {
    free.withLock { $0.take() }.map { WorkSlot(self) }
  }

  fileprivate func giveBack() {
    free.change { $0.giveBack() }
  }
}

/// One slot; given back once, at the latest when nobody holds it any more.
final class WorkSlot: Sendable {
  private let slots: WorkSlots
  private let isHeld = Mutex(true)

  fileprivate init(_ slots: WorkSlots) {
    self.slots = slots
  }

  deinit {
    giveBack()
  }

  func giveBack() {
    let wasHeld = isHeld.withLock { isHeld in
      defer { isHeld = false }
      return isHeld
    }
    if wasHeld { slots.giveBack() }
  }
}
