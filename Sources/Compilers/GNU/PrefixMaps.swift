/// `-ffile-prefix-map=FROM=TO` and its kin. Both drivers split at the first `=` and compare plain
/// text, so that `/a` covers `/ab` too.
struct PrefixMapArgument {
  var kind: Option.PrefixMapKind
  var name: String
  var map: Compilation.PrefixMap
  /// Where its word stands in the key.
  var keyIndex: Int

  func covers(_ directory: String) -> Bool { directory.begins(with: map.from) }

  func concerns(_ use: CompilationBuilder.CompilationDirectoryUse) -> Bool {
    switch kind {
    case .file: true
    case .debug: use == .debug
    case .coverage: use == .coverage
    case .macro: false
    }
  }
}

extension CompilationBuilder {
  mutating func takePrefixMap(
    _ kind: Option.PrefixMapKind, _ argument: Argument, _ value: String
  ) throws(Rejection) {
    guard let (from, to) = value.splitAtFirstEquals() else { throw .cannotCache("argument parse") }
    maps.append(
      PrefixMapArgument(
        kind: kind, name: argument.name, map: .init(from: from, to: to), keyIndex: key.count))
    keep(argument)
  }

  /// Whether an output holds the working directory although the command line says so much.
  ///
  /// It doesn't when one map turns it into something that the key holds, or when the compiler is
  /// told a directory to write instead. Two different maps that cover it leave the question to the
  /// version of the compiler: then it counts as held.
  func holdsDirectory(_ use: CompilationDirectoryUse) -> Bool {
    if fixedDirectories.contains(use) { return false }
    let covering = maps.filter { $0.concerns(use) && $0.covers(directory) }
    guard let first = covering.first else { return true }
    return !covering.allSatisfy { $0.map == first.map && isPlaceable($0.map) }
  }

  /// The maps' words in the key once all arguments are known.
  ///
  /// `FROM` becomes `<DIR>` when it is the working directory and `<DIR-/sub>` when `/sub` is what
  /// the directory has beyond it: checkouts in different places then share a key, and what the
  /// directory is mapped to is still determined by it.
  mutating func placeDirectories() {
    for argument in maps where argument.covers(directory) && isPlaceable(argument.map) {
      let rest = directory.dropping(argument.map.from.utf8.count)
      let place = rest.isEmpty ? "<DIR>" : "<DIR-\(rest)>"
      key[argument.keyIndex] = argument.name + place + "=" + argument.map.to
    }
  }

  /// No other word names a file beneath `FROM`: if one did, the same word in a checkout elsewhere
  /// would not be mapped, and the two outputs would differ under one key.
  private func isPlaceable(_ map: Compilation.PrefixMap) -> Bool {
    guard map.from.begins(with: "/"), map.from != "/" else { return false }
    let indices = Set(maps.map(\.keyIndex))
    let from = Array(map.from.utf8)
    for (index, word) in key.enumerated() where !indices.contains(index) {
      if word.contains(bytes: from) { return false }
    }
    return !inputs.contains { $0.path.contains(bytes: from) }
      && !extraInputs.contains { $0.contains(bytes: from) }
  }
}

extension String {
  func contains(bytes pattern: [UInt8]) -> Bool {
    guard let first = pattern.first else { return true }
    var rest = utf8[...]
    while let start = rest.firstIndex(of: first) {
      rest = rest[start...]
      if rest.starts(with: pattern) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
