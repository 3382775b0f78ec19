import Platform

/// Works out every file that a compilation can have read from what the files themselves look for, for
/// compilers that list only some of them (`-MMD`).
///
/// Conditions are not evaluated, so there are files in the answer that were not read: a change in one
/// of those costs a needless miss. Nothing that was read is left out, or there is no answer.
package struct HeaderClosure {
  private let search: SearchPath
  /// See `AbsenceFinder`.
  private let doubled: Set<ExactText>
  private let isFile: (_ path: String) -> Bool
  private let facts: (_ path: String) -> SourceFacts?
  private let limit: Int

  private var found: [String] = []
  private var seen: Set<ExactText> = []
  private var searched: Set<SourceFacts.Lookup> = []

  /// - Parameters:
  ///   - identity: equal for two names of the same directory.
  ///   - isFile: whether a regular file is at the path.
  ///   - facts: of the file at the path; nil when it can't be read.
  ///   - limit: more files than that are no answer.
  package init(
    search: SearchPath, limit: Int, identity: (_ directory: String) -> String? = { $0 },
    isFile: @escaping (_ path: String) -> Bool,
    facts: @escaping (_ path: String) -> SourceFacts?
  ) {
    self.search = search
    doubled = AbsenceFinder.doubled(search, identity: identity)
    self.limit = limit
    self.isFile = isFile
    self.facts = facts
  }

  /// The files, or nil when they can't be told: an include names a macro, a file can't be read, or
  /// there are too many.
  ///
  /// - Parameters:
  ///   - roots: the source, and what the compiler reads by itself.
  ///   - forced: `-include` names, which are looked for in the working directory first.
  ///   - implicit: what the compiler looks for by itself.
  package mutating func files(
    roots: [String], forced: [String], implicit: [SourceFacts.Lookup] = []
  ) -> [String]? {
    for path in roots { add(path) }
    for lookup in implicit { take(lookup, from: ".") }
    for name in forced {
      take(SourceFacts.Lookup(name: name, form: .quoted), from: ".")
    }
    var next = 0
    while next < found.count {
      let path = found[next]
      next += 1
      guard found.count <= limit, let facts = facts(path),
        facts.traits.isDisjoint(with: [.computedInclude, .computedProbe])
      else { return nil }
      let home = Path.directory(of: path)
      for lookup in facts.lookups where !lookup.isProbe { take(lookup, from: home) }
    }
    return found
  }

  private mutating func take(_ lookup: SourceFacts.Lookup, from home: String) {
    if lookup.name.utf8.first == UInt8(ascii: "/") {
      if isFile(lookup.name) { add(lookup.name) }
      return
    }
    // In the source, and in files that an absolute path names, `#include_next` is an `#include`.
    if lookup.form != .angled {
      let beside = home.isEmpty || home == "." ? lookup.name : Path.join(home, lookup.name)
      if isFile(beside) {
        add(beside)
        if lookup.form == .quoted { return }
      }
    }
    guard searched.insert(lookup).inserted else { return }
    let directories = lookup.form != .angled ? search.quote + search.angled : search.angled
    for directory in directories {
      let path = Path.join(directory, lookup.name)
      guard isFile(path) else { continue }
      add(path)
      // Where `#include_next` starts depends on where the file was found: all may be meant.
      if lookup.form != .next, !doubled.contains(ExactText(directory)) { return }
    }
  }

  private mutating func add(_ path: String) {
    if seen.insert(ExactText(AbsenceFinder.plain(path))).inserted { found.append(path) }
  }

  /// Whether the answer names the file.
  package func contains(_ path: String) -> Bool {
    seen.contains(ExactText(AbsenceFinder.plain(path)))
  }
}
