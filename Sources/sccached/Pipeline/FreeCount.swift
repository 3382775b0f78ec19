/// How many of some equal things are free: tokens, slots.
struct FreeCount: Sendable {
  private var count: Int

  init(_ count: Int) { self.count = count }

  /// Takes one; nil when none is free, so that a `Monitor` can wait for it.
  mutating func take() -> Void? {
    guard count > 0 else { return nil }
    count -= 1
    return ()
  }

  mutating func giveBack() { count += 1 }
}
