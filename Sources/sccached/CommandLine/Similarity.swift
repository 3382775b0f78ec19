/// The name that a mistyped word most probably meant; nil when none comes close.
func mostSimilar(_ word: Substring, among names: [String]) -> String? {
  let closeness = names.map { jaroSimilarity(Array(word), Array($0)) }
  guard let best = closeness.max(), best > 0.7 else { return nil }
  return closeness.lastIndex(of: best).map { names[$0] }
}

/// Jaro's measure, from 0 (nothing in common) to 1 (equal): how many characters the two share at
/// about the same place, and how many of those stand in another order.
func jaroSimilarity(_ left: [Character], _ right: [Character]) -> Double {
  if left.isEmpty && right.isEmpty { return 1 }
  let reach = max(0, max(left.count, right.count) / 2 - 1)
  var isTaken = [Bool](repeating: false, count: right.count)
  var leftShared: [Character] = []
  for (index, character) in left.enumerated() {
    let lower = max(0, index - reach)
    let upper = min(right.count, index + reach + 1)
    guard lower < upper,
      let match = (lower..<upper).first(where: { !isTaken[$0] && right[$0] == character })
    else { continue }
    isTaken[match] = true
    leftShared.append(character)
  }
  guard !leftShared.isEmpty else { return 0 }
  let rightShared = right.indices.filter { isTaken[$0] }.map { right[$0] }
  let moved = zip(leftShared, rightShared).count { $0 != $1 } / 2
  let shared = Double(leftShared.count)
  return
    (shared / Double(left.count) + shared / Double(right.count)
    + (shared - Double(moved)) / shared) / 3
}
