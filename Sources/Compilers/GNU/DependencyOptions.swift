/// What the `-M…` options of a command line add up to.
struct DependencyOptions {
  private var omitsSystemHeaders: Bool?
  private var hasPhonyTargets = false
  private(set) var path: String?
  private var targets: [(text: String, isVerbatim: Bool)] = []
  /// Asked for behind gcc's driver (`-Wp,-MD,f`), which then names the target after the input.
  var bypassesDriver = false

  var isWanted: Bool { omitsSystemHeaders != nil }

  /// Options about a file that was not asked for: gcc then fails and clang complains (but for a lone
  /// `-MP`), which an added `-MD` would hide.
  func isDangling(_ family: Compiler.Family) -> Bool {
    guard !isWanted else { return false }
    return path != nil || !targets.isEmpty || (hasPhonyTargets && family == .gcc)
  }

  mutating func take(_ option: Option.DependencyOption, _ value: String) throws(Rejection) {
    switch option {
    case .all, .user:
      // Which of two different ones counts, and what is said of the other, differs by compiler.
      let omits = option == .user
      guard omitsSystemHeaders != !omits else { throw .cannotCache(omits ? "-MMD" : "-MD") }
      omitsSystemHeaders = omits
    case .phony: hasPhonyTargets = true
    case .file:
      guard value != "-", !value.isEmpty, !value.begins(with: "/dev/") else {
        throw .cannotCache("-MF")
      }
      path = value
    case .target: targets.append((value, true))
    case .quotedTarget: targets.append((MakeDependencies.quoted(value), false))
    }
  }

  /// The file, with the names that the driver chooses where the command line is silent.
  func file(names: OutputNames, family: Compiler.Family) -> DependencyFile? {
    guard let omitsSystemHeaders else { return nil }
    var targets = orderedTargets(family)
    if targets.isEmpty {
      let named = bypassesDriver && family == .gcc ? names.input.stem + ".o" : names.primary
      targets = [MakeDependencies.quoted(named)]
    }
    return DependencyFile(
      path: path ?? names.dependencyFile, omitsSystemHeaders: omitsSystemHeaders,
      hasPhonyTargets: hasPhonyTargets, targets: targets)
  }

  /// clang keeps the order. gcc hands all `-MQ` on before all `-MT`, and each `-MT` takes the place
  /// of the first `-MQ` that still stands in front, which goes to the end (gcc 11 and 12).
  private func orderedTargets(_ family: Compiler.Family) -> [String] {
    guard family == .gcc else { return targets.map(\.text) }
    var result = targets.filter { !$0.isVerbatim }.map(\.text)
    for (index, target) in targets.filter(\.isVerbatim).enumerated() {
      if index < result.count {
        result.append(result[index])
        result[index] = target.text
      } else {
        result.append(target.text)
      }
    }
    return result
  }
}
