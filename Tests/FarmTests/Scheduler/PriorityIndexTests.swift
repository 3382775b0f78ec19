import TestSupport
import Testing

@testable import Farm

@Suite struct PriorityIndexTests {
  /// Against a dictionary that is searched.
  @Test(arguments: 0..<10)
  func anyCalls(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var index = PriorityIndex<Int, Int>()
    var model: [Int: Int] = [:]
    for _ in 0..<3000 {
      let element = Int.random(in: 0..<60, using: &random)
      if Int.random(in: 0..<4, using: &random) == 0 {
        index.remove(element)
        model[element] = nil
      } else {
        let priority = Int.random(in: 0..<40, using: &random)
        index.set(element, priority)
        model[element] = priority
      }
      #expect(index.count == model.count)
      #expect(index.first?.priority == model.values.min())
      #expect(index[element] == model[element])
    }
    var last = Int.min
    while let (element, priority) = index.first {
      #expect(priority >= last)
      #expect(model.removeValue(forKey: element) == priority)
      last = priority
      index.remove(element)
    }
    #expect(model.isEmpty)
  }

  @Test func idsAreDifferentAndKnown() {
    var random = SeededGenerator(seed: 5)
    var sequence = JobIDSequence(using: &random)
    var next = JobIDSequence(using: &random)
    var seen: Set<JobID> = []
    for _ in 0..<100_000 {
      let job = sequence.next()
      #expect(seen.insert(job).inserted)
      #expect(sequence.hasGiven(job))
      #expect(!next.hasGiven(job))
      let other = next.next()
      #expect(seen.insert(other).inserted)
      #expect(!sequence.hasGiven(other))
    }
    #expect(!sequence.hasGiven(JobID(0)) && !sequence.hasGiven(JobID(.max)))
    #expect(seen.contains { $0.number > .max / 2 } && seen.contains { $0.number < .max / 2 })
  }

  @Test func timesDoNotOverflow() {
    let end = Moment(nanoseconds: .max)
    #expect(end + .seconds(5) == end)
    #expect(Span.seconds(.max).nanoseconds == .max)
    #expect(Moment(nanoseconds: 5) - Moment(nanoseconds: 3) == Span(nanoseconds: 2))
  }
}
