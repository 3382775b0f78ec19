package import Platform

/// Where the compiler looks for headers, in its order, as written: relative directories stay so, and
/// hold for whatever directory the compilation runs in.
package struct SearchPath: Sendable, Hashable {
  /// `-iquote`, for quoted names only.
  package var quote: [String]
  /// `-I`, `-isystem`, built-in and `-idirafter` directories.
  package var angled: [String]

  package init(quote: [String], angled: [String]) {
    self.quote = quote
    self.angled = angled
  }
}

/// A file of a compilation with what it looks for.
package struct ReadFile: Sendable {
  /// As the compiler names it.
  package var path: String
  package var facts: SourceFacts
  package init(path: String, facts: SourceFacts) {
    self.path = path
    self.facts = facts
  }
}

/// What a directory must go on having and lacking for a result to stay right: a header that newly
/// appears in an earlier search directory, or one that `__has_include` asked for.
package struct ExpectedNames: Sendable, Equatable {
  /// It existed, and must.
  package var directory: String
  /// No file of these names is there.
  package var absent: [String]
  /// Files of these names are there, though they need not have been read; with a slash behind the
  /// name, a directory.
  package var present: [String]
  package init(directory: String, absent: [String], present: [String] = []) {
    self.directory = directory
    self.absent = absent
    self.present = present
  }
}

/// Works out which names a compilation looked for and did not find.
///
/// Conditions are not evaluated, so the list has names that this compilation did not need; that costs
/// at most a needless miss.
package struct AbsenceFinder {
  /// What is at a path, for the finder's questions.
  package enum Presence: Sendable {
    case file, directory, absent
    /// A link that leads nowhere: what appears at its end shows in no directory that we watch.
    case dangling
    /// The directory that was asked is not there.
    case directoryMissing
  }

  private let search: SearchPath
  private let presence: (_ directory: String, _ name: String) -> Presence
  private var absent: [ExactText: Set<ExactText>] = [:]
  private var present: [ExactText: Set<ExactText>] = [:]
  /// Search directories that come again further on: compilers drop one of the two.
  private let doubled: Set<ExactText>
  private let listsIncludes: (_ file: ReadFile) -> Bool
  private let unlistedDirectories: Set<ExactText>
  /// The file that looks is one whose includes show in no list of the compiler's.
  private var isUnlisted = false
  /// So does what is looked for at the moment.
  private var relies = false
  private var reliedAbsent: [ExactText: Set<ExactText>] = [:]
  private var reliedPresent: [ExactText: Set<ExactText>] = [:]
  /// A name's fate depends on what can't be watched.
  package private(set) var isUncertain = false
  private var searched: Set<SourceFacts.Lookup> = []
  private var read: Set<ExactText> = []
  /// Precompiled headers that stand where the compiler would take them. gcc names neither them nor
  /// what they hold in a dependency file.
  package private(set) var precompiledHeaders: [String] = []

  /// - Parameters:
  ///   - presence: what `directory/name` is; `name` has no slash.
  ///   - listsIncludes: whether the compiler itself told which files this one includes.
  ///   - unlistedDirectories: those whose headers it did not tell.
  ///   - identity: equal for two names of the same directory.
  package init(
    search: SearchPath, presence: @escaping (_ directory: String, _ name: String) -> Presence,
    listsIncludes: @escaping (_ file: ReadFile) -> Bool = { _ in true },
    unlistedDirectories: [String] = [],
    identity: (_ directory: String) -> String? = { $0 }
  ) {
    self.search = search
    self.listsIncludes = listsIncludes
    self.unlistedDirectories = Set(unlistedDirectories.map(ExactText.init))
    self.presence = presence
    doubled = Self.doubled(search, identity: identity)
  }

  /// Search directories that come again further on, by their name there: compilers drop one of the two.
  package static func doubled(
    _ search: SearchPath, identity: (_ directory: String) -> String?
  ) -> Set<ExactText> {
    var doubled: Set<ExactText> = []
    var later: Set<ExactText> = []
    for directory in (search.quote + search.angled).reversed() {
      guard let identity = identity(directory) else { continue }
      if !later.insert(ExactText(identity)).inserted { doubled.insert(ExactText(directory)) }
    }
    return doubled
  }

  /// - Parameters:
  ///   - files: the source and every header read.
  ///   - forced: `-include` names, which are looked for in the working directory first.
  ///   - implicit: what the compiler looks for by itself.
  ///   - namesDirectories: the compiler tells which search directories are missing.
  package mutating func find(
    files: [ReadFile], forced: [String], implicit: [SourceFacts.Lookup] = [],
    namesDirectories: Bool = false
  ) -> [ExpectedNames] {
    if namesDirectories { watchDirectories() }
    read = Set(files.map { ExactText.plain($0.path) })
    let sourceIsUnlisted = files.first.map { !listsIncludes($0) } ?? false
    isUnlisted = sourceIsUnlisted
    for lookup in implicit { search(lookup, from: ".") }
    for name in forced {
      isUnlisted = sourceIsUnlisted
      if !meets(name, in: ".") { walk(name, quoted: true) }
      precompiled(name, in: ".")
    }
    // A name is walked for once: for those first who rely on more.
    for file in files where !listsIncludes(file) { searchAll(of: file, isUnlisted: true) }
    for file in files where listsIncludes(file) { searchAll(of: file, isUnlisted: false) }
    // Only the first include of the source can be a precompiled header.
    if let source = files.first {
      let home = Path.directory(of: source.path)
      for lookup in source.facts.lookups { precompiled(lookup.name, in: home) }
    }
    let computed = files.filter { $0.facts.traits.contains(.computedInclude) }
    isUnlisted = computed.contains { !listsIncludes($0) }
    if !computed.isEmpty { guessComputed(files) }
    return Self.names(absent: absent, present: present)
  }

  /// What the answer takes for granted: that these names were absent and present already when the
  /// compiler looked. Of all other names its list of the files that it read tells as much.
  package var relied: [ExpectedNames] {
    Self.names(absent: reliedAbsent, present: reliedPresent)
  }

  private static func names(
    absent: [ExactText: Set<ExactText>], present: [ExactText: Set<ExactText>]
  ) -> [ExpectedNames] {
    Set(absent.keys).union(present.keys).map { directory in
      ExpectedNames(
        directory: directory.text, absent: (absent[directory] ?? []).map(\.text).sorted(),
        present: (present[directory] ?? []).map(\.text).sorted())
    }.sorted { $0.directory < $1.directory }
  }

  private mutating func searchAll(of file: ReadFile, isUnlisted: Bool) {
    let home = Path.directory(of: file.path)
    for lookup in file.facts.lookups {
      self.isUnlisted = isUnlisted || lookup.isProbe
      search(lookup, from: home)
    }
  }

  private mutating func search(_ lookup: SourceFacts.Lookup, from home: String) {
    if lookup.name.utf8.first == UInt8(ascii: "/") {
      if meets(lookup.name, in: "/"), lookup.isProbe { require(lookup.name, in: "/") }
      return
    }
    switch lookup.form {
    case .quoted:
      if meets(lookup.name, in: home) {
        if lookup.isProbe { require(lookup.name, in: home) }
        return
      }
      if searched.insert(lookup).inserted {
        walk(lookup.name, quoted: true, isProbe: lookup.isProbe)
      }
    case .angled:
      if searched.insert(lookup).inserted {
        walk(lookup.name, quoted: false, isProbe: lookup.isProbe)
      }
    case .next:
      // Which directory it starts from depends on where the file was found: ask all of them. In the
      // source, and in files that an absolute path names, it is an `#include`.
      if meets(lookup.name, in: home), lookup.isProbe { require(lookup.name, in: home) }
      guard searched.insert(lookup).inserted else { return }
      for directory in search.quote + search.angled
      where meets(lookup.name, in: directory) && lookup.isProbe {
        require(lookup.name, in: directory)
      }
    }
  }

  /// Whether the file is there. One that the compiler did not read although it is there must have been
  /// there before: it could as well be new, and would be read the next time.
  private mutating func meets(_ name: String, in directory: String) -> Bool {
    guard look(for: name, in: directory) else { return false }
    if relies || !wasRead(name, in: directory) {
      reliedPresent[ExactText(directory), default: []].insert(ExactText(name))
    }
    return true
  }

  private func wasRead(_ name: String, in directory: String) -> Bool {
    read.contains(ExactText.plain(directory == "/" ? name : directory + "/" + name))
  }

  /// gcc takes `NAME.gch` (a file or a directory) in place of NAME, clang also `NAME.pch`.
  private mutating func precompiled(_ name: String, in home: String) {
    for suffix in [".gch", ".pch"] {
      for directory in [home] + search.quote + search.angled {
        // gcc lists none that it took.
        isUnlisted = true
        let isThere = look(for: name + suffix, in: directory)
        isUnlisted = false
        if isThere {
          precompiledHeaders.append(
            directory == "." ? name + suffix : directory + "/" + name + suffix)
          break
        }
        if look(for: name, in: directory) { break }
      }
    }
  }

  /// Notes the search directories that don't have it, up to the one where the compiler found it. One
  /// that has it though the compiler read another file (gcc drops doubled directories) ends nothing.
  private mutating func walk(_ name: String, quoted: Bool, isProbe: Bool = false) {
    for directory in quoted ? search.quote + search.angled : search.angled
    where meets(name, in: directory) {
      if isProbe { require(name, in: directory) }
      if doubled.contains(ExactText(directory)) { continue }
      if isProbe || wasRead(name, in: directory) { return }
    }
  }

  /// The file was found, and must stay.
  private mutating func require(_ name: String, in directory: String) {
    let path = directory == "/" ? name : directory + "/" + name
    let parent = Path.directory(of: path)
    let last = path.split(separator: "/").last.map(String.init) ?? name
    present[ExactText(parent), default: []].insert(ExactText(last))
  }

  private mutating func lack(_ name: String, in directory: String) {
    absent[ExactText(directory), default: []].insert(ExactText(name))
    if relies { reliedAbsent[ExactText(directory), default: []].insert(ExactText(name)) }
  }

  /// The operands of `#include MACRO` are not known, so every header is taken as found under each
  /// name that a search directory gives it.
  private mutating func guessComputed(_ files: [ReadFile]) {
    for file in files.dropFirst() {
      for directory in search.quote + search.angled {
        guard file.path.hasPrefix(directory + "/") else { continue }
        let name = String(file.path.dropFirst(directory.count + 1))
        for earlier in search.quote + search.angled {
          if earlier == directory { break }
          _ = look(for: name, in: earlier)
        }
        for other in files { _ = look(for: name, in: Path.directory(of: other.path)) }
      }
    }
  }

  /// Whether `directory/name` exists; if not, what is missing is noted in the deepest directory that
  /// exists.
  private mutating func look(for name: String, in directory: String) -> Bool {
    relies = isUnlisted || unlistedDirectories.contains(ExactText(directory))
    var current = directory
    var rest = Substring(name)
    while true {
      guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else { break }
      let component = String(rest[..<slash])
      rest = rest[rest.utf8.index(after: slash)...]
      if component.isEmpty || component == "." { continue }
      if component != ".." {
        switch presence(current, component) {
        case .directory: break
        case .absent:
          lack(component, in: current)
          return false
        case .file:
          present[ExactText(current), default: []].insert(ExactText(component))
          return false
        case .dangling:
          isUncertain = true
          return false
        case .directoryMissing:
          noteMissing(current)
          return false
        }
      }
      current += current.utf8.last == UInt8(ascii: "/") ? component : "/" + component
    }
    switch presence(current, String(rest)) {
    case .file:
      return true
    case .absent:
      lack(String(rest), in: current)
      return false
    case .directory:
      // `#include <string>` passes by a directory of that name; a file would be taken.
      present[ExactText(current), default: []].insert(ExactText(String(rest) + "/"))
      return false
    case .dangling:
      isUncertain = true
      return false
    case .directoryMissing:
      noteMissing(current)
      return false
    }
  }

  /// Each search directory must go on to be there, or to be missing.
  private mutating func watchDirectories() {
    for directory in search.quote + search.angled {
      if case .directoryMissing = presence(directory, ".") {
        noteMissing(directory)
      } else {
        absent[ExactText(directory), default: []].formUnion([])
      }
    }
  }

  /// A search directory that does not exist: its name is what must stay absent.
  private mutating func noteMissing(_ directory: String) {
    var path = directory
    while path != "/", path != ".", !path.isEmpty {
      let parent = Path.directory(of: path)
      let name = String(
        path[
          path.index(
            path.lastIndex(of: "/") ?? path.startIndex, offsetBy: path.contains("/") ? 1 : 0)...])
      if name == ".." || name == "." {
        path = parent
        continue
      }
      switch presence(parent, name) {
      case .absent:
        lack(name, in: parent)
        return
      case .file, .directory, .dangling:
        // Whatever it is, it can't be searched, and we can't tell when that changes.
        isUncertain = true
        return
      case .directoryMissing:
        path = parent
      }
    }
  }
}

extension ExactText {
  /// A path without `./` and doubled slashes, for comparing.
  package static func plain(_ path: String) -> ExactText {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return ExactText((path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/"))
  }
}
