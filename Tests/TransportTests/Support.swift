import Transport

extension Result where Success == HTTPAnswer, Failure == HTTPFailure {
  var answer: HTTPAnswer? { try? get() }

  var failure: HTTPFailure? {
    if case .failure(let failure) = self { return failure }
    return nil
  }

  /// Its kind: what it says differs between versions of libraries.
  var kind: String {
    guard let failure else { return "answer" }
    return String("\(Mirror(reflecting: failure).children.first?.label ?? "\(failure)")")
  }
}
