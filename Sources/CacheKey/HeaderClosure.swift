import Platform

/// Works out every file that a compilation can have read from what the files themselves look for, for
/// compilers that list only some of them (`-MMD`).
///
/// Conditions are not evaluated, so there are files in the answer that were not read: a change in one
/// of those costs a needless miss. Nothing that was read is left out, or there is no answer.
package struct HeaderClosure {
  private let search: SearchPath
  /// Directories whose headers the compiler does list.
  private let userDirectories: Set<ExactText>
  /// See `AbsenceFinder`.
  private let doubled: Set<ExactText>
  private let isFile: (_ path: String) -> Bool
  private let facts: (_ path: String) -> SourceFacts?
  private let limit: Int

  private var found: [String] = []
  private var seen: Set<ExactText> = []
  private var searched: Set<Search> = []
  private var queue: [(path: String, isSystem: Bool)] = []
  /// The files whose includes the compiler leaves out of its list.
  private var system: Set<ExactText> = []

  private struct Search: Hashable {
    var lookup: SourceFacts.Lookup
    var isSystem: Bool
  }

  /// - Parameters:
  ///   - userDirectories: the search directories that are not the system's.
  ///   - identity: equal for two names of the same directory.
  ///   - isFile: whether a regular file is at the path.
  ///   - facts: of the file at the path; nil when it can't be read.
  ///   - limit: more files than that are no answer.
  package init(
    search: SearchPath, userDirectories: [String], limit: Int,
    identity: (_ directory: String) -> String? = { $0 },
    isFile: @escaping (_ path: String) -> Bool,
    facts: @escaping (_ path: String) -> SourceFacts?
  ) {
    self.search = search
    self.userDirectories = Set(userDirectories.map(ExactText.init))
    doubled = AbsenceFinder.doubled(search, identity: identity)
    self.limit = limit
    self.isFile = isFile
    self.facts = facts
  }

  /// The files, or nil when they can't be told: an include names a macro, a file can't be read, or
  /// there are too many.
  ///
  /// - Parameters:
  ///   - source: is listed, and what it includes from directories of the user's.
  ///   - implicit: what the compiler reads by itself.
  ///   - forced: `-include` names, which are looked for in the working directory first.
  ///   - lookups: what the compiler looks for by itself.
  package mutating func files(
    source: String, implicit: [String], forced: [String], lookups: [SourceFacts.Lookup] = []
  ) -> [String]? {
    add(source, isSystem: false)
    for path in implicit { add(path, isSystem: true) }
    for lookup in lookups { take(lookup, from: ".", isSystem: true) }
    for name in forced {
      take(SourceFacts.Lookup(name: name, form: .quoted), from: ".", isSystem: false)
    }
    var next = 0
    while next < queue.count {
      let (path, wasSystem) = queue[next]
      next += 1
      guard found.count <= limit, let facts = facts(path),
        facts.traits.isDisjoint(with: [.computedInclude, .computedProbe])
      else { return nil }
      let isSystem = wasSystem || facts.traits.contains(.systemHeader)
      if isSystem { system.insert(ExactText.plain(path)) }
      let home = Path.directory(of: path)
      for lookup in facts.lookups where !lookup.isProbe {
        take(lookup, from: home, isSystem: isSystem)
      }
    }
    return found
  }

  /// - Parameter isSystem: of the file that includes: what it includes is the system's, too.
  private mutating func take(
    _ lookup: SourceFacts.Lookup, from home: String, isSystem: Bool
  ) {
    if lookup.name.utf8.first == UInt8(ascii: "/") {
      if isFile(lookup.name) { add(lookup.name, isSystem: isSystem) }
      return
    }
    // In the source, and in files that an absolute path names, `#include_next` is an `#include`.
    if lookup.form != .angled {
      let beside = Path.join(home, lookup.name)
      if isFile(beside) {
        add(beside, isSystem: isSystem)
        if lookup.form == .quoted { return }
      }
    }
    guard searched.insert(Search(lookup: lookup, isSystem: isSystem)).inserted else { return }
    let directories = lookup.form != .angled ? search.quote + search.angled : search.angled
    for directory in directories {
      let path = Path.join(directory, lookup.name)
      guard isFile(path) else { continue }
      let isDoubled = doubled.contains(ExactText(directory))
      // Of a directory that is named twice it is the system's name that counts.
      let isUsers = userDirectories.contains(ExactText(directory)) && !isDoubled
      add(path, isSystem: isSystem || !isUsers)
      // Where `#include_next` starts depends on where the file was found: all may be meant.
      if lookup.form != .next, !isDoubled { return }
    }
  }

  /// A file that is met again as one of the system's is gone through again: its includes then are
  /// not in the compiler's list.
  private mutating func add(_ path: String, isSystem: Bool) {
    let key = ExactText.plain(path)
    if seen.insert(key).inserted {
      found.append(path)
    } else if !isSystem || system.contains(key) {
      return
    }
    if isSystem { system.insert(key) }
    queue.append((path, isSystem))
  }

  /// Whether the answer names the file.
  package func contains(_ path: String) -> Bool {
    seen.contains(ExactText.plain(path))
  }

  /// Whether the compiler lists what the file includes, so that its list is known not to lack any.
  package func listsIncludes(of path: String) -> Bool {
    !system.contains(ExactText.plain(path))
  }
}
