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
}
