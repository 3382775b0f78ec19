import Platform
import Storage
import Synchronization

/// Limits how many calls do something at once. Looking up and restoring: more than a few per processor
/// only makes each of them slower and takes memory; waiting for a compiler or a remote store needs no slot.
final class WorkSlots: Sendable {
  private let free: Monitor<FreeCount>
  /// Places of those who wait for a remote store, and unpack what comes meanwhile.
  private let away: Mutex<FreeCount>

  /// - Parameter away: how many may wait for a remote store without a slot.
  init(count: Int, away: Int = 64) {
    free = Monitor(FreeCount(count))
    self.away = Mutex(FreeCount(away))
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
    free.changeForOne { $0.giveBack() }
  }

  /// - Returns: false when too many are away.
  fileprivate func leave() -> Bool {
    guard away.withLock({ $0.take() }) != nil else { return false }
    giveBack()
    return true
  }

  fileprivate func comeBack() {
    away.withLock { $0.giveBack() }
    _ = free.wait(until: .max) { $0.take() }
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

extension WorkSlot: LookupPlace {
  func leave() -> Bool {
    isHeld.withLock { isHeld in
      guard isHeld, slots.leave() else { return false }
      isHeld = false
      return true
    }
  }

  func comeBack() {
    slots.comeBack()
    isHeld.withLock { $0 = true }
  }
}
