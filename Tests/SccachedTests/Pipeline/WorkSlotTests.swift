import Testing

@testable import sccached

@Suite struct WorkSlotTests {
  @Test func tokensThatAreFree() {
    let tokens = Tokens(count: 1)
    #expect(tokens.acquireIfFree())
    #expect(!tokens.acquireIfFree())
    tokens.release()
    #expect(tokens.acquireIfFree())
  }

  @Test func onlyWhatIsFree() {
    #expect(WorkSlots(count: 0).takeIfFree() == nil)
    let slots = WorkSlots(count: 1)
    let first = slots.takeIfFree()
    #expect(first != nil)
    #expect(slots.takeIfFree() == nil)
    first?.giveBack()
    // Once only.
    first?.giveBack()
    let second = slots.takeIfFree()
    #expect(second != nil)
    #expect(slots.takeIfFree() == nil)
  }

  @Test func aForgottenOneComesBack() {
    let slots = WorkSlots(count: 1)
    _ = slots.takeIfFree()
    #expect(slots.takeIfFree() != nil)
  }

  /// Who waits for a store needs no slot, as long as not too many wait.
  @Test func whoIsAwayLeavesTheSlotToOthers() {
    let slots = WorkSlots(count: 1, away: 1)
    let first = slots.take()
    let hasLeft = first.leave()
    #expect(hasLeft)
    let second = slots.takeIfFree()
    #expect(second != nil)
    let tooMany = second?.leave()
    #expect(tooMany == false)
    #expect(slots.takeIfFree() == nil)
    second?.giveBack()
    first.comeBack()
    #expect(slots.takeIfFree() == nil)
    first.giveBack()
    let leftTwice = first.leave()
    #expect(!leftTwice, "it has none")
    #expect(slots.takeIfFree() != nil)
  }
}
