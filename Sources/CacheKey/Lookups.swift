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

/// Names that must go on being absent for a result to stay right: a header that newly appears where
/// an earlier search directory is, or for which `__has_include` asked.
package struct AbsentNames: Sendable, Equatable {
  /// It existed.
  package var directory: String
  package var names: [String]
  package init(directory: String, names: [String]) {
    self.directory = directory
    self.names = names
  }
}

/// Works out which names a compilation looked for and did not find.
///
/// Conditions are not evaluated, so the list has names that this compilation did not need; that costs
/// at most a needless miss.
package struct AbsenceFinder {
  /// What is at a path, for the finder's questions.
  package enum Presence: Sendable { case present, absent, directoryMissing }

  private let search: SearchPath
  private let presence: (_ directory: String, _ name: String) -> Presence
  private var absent: [String: Set<String>] = [:]
  private var searched: Set<SourceFacts.Lookup> = []
  private var read: Set<String> = []
  /// Precompiled headers that stand where the compiler would take them. gcc names neither them nor
  /// what they hold in a dependency file.
  package private(set) var precompiledHeaders: [String] = []

  /// - Parameter presence: whether `directory/name` exists; `name` has no slash.
  package init(
    search: SearchPath, presence: @escaping (_ directory: String, _ name: String) -> Presence
  ) {
    self.search = search
    self.presence = presence
  }

  /// - Parameters:
  ///   - files: the source and every header read.
  ///   - forced: `-include` names, which are looked for in the working directory first.
  package mutating func find(files: [ReadFile], forced: [String]) -> [AbsentNames] {
    read = Set(files.map { Self.plain($0.path) })
    for name in forced {
      if !look(for: name, in: ".") { walk(name, quoted: true) }
      precompiled(name, in: ".")
    }
    var hasComputed = false
    for (index, file) in files.enumerated() {
      let home = Self.directory(of: file.path)
      hasComputed = hasComputed || file.facts.traits.contains(.computedInclude)
      for lookup in file.facts.lookups {
        search(lookup, from: home)
        // Only the first include of the source can be a precompiled header.
        if index == 0 { precompiled(lookup.name, in: home) }
      }
    }
    if hasComputed { guessComputed(files) }
    return absent.map { AbsentNames(directory: $0.key, names: $0.value.sorted()) }
      .sorted { $0.directory < $1.directory }
  }

  private mutating func search(_ lookup: SourceFacts.Lookup, from home: String) {
    if lookup.name.utf8.first == UInt8(ascii: "/") {
      _ = look(for: lookup.name, in: "/")
      return
    }
    switch lookup.form {
    case .quoted:
      if look(for: lookup.name, in: home) { return }
      if searched.insert(lookup).inserted { walk(lookup.name, quoted: true) }
    case .angled:
      if searched.insert(lookup).inserted { walk(lookup.name, quoted: false) }
    case .next:
      // Which directory it starts from depends on where the file was found: ask all of them.
      guard searched.insert(lookup).inserted else { return }
      for directory in search.quote + search.angled { _ = look(for: lookup.name, in: directory) }
    }
  }

  /// gcc takes `NAME.gch` (a file or a directory) in place of NAME, clang also `NAME.pch`.
  private mutating func precompiled(_ name: String, in home: String) {
    for suffix in [".gch", ".pch"] {
      for directory in [home] + search.quote + search.angled {
        if look(for: name + suffix, in: directory) {
          precompiledHeaders.append(directory == "." ? name + suffix : directory + "/" + name + suffix)
          break
        }
        if look(for: name, in: directory) { break }
      }
    }
  }

  /// Notes the search directories that don't have it, up to the one where the compiler found it. One
  /// that has it though the compiler read another file (gcc drops doubled directories) ends nothing.
  private mutating func walk(_ name: String, quoted: Bool) {
    for directory in quoted ? search.quote + search.angled : search.angled
    where look(for: name, in: directory) {
      if read.contains(Self.plain(directory + "/" + name)) { return }
    }
  }

  /// A path without `./` and doubled slashes, for comparing.
  private static func plain(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
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
        for other in files { _ = look(for: name, in: Self.directory(of: other.path)) }
      }
    }
  }

  /// Whether `directory/name` exists; if not, what is missing is noted in the deepest directory that
  /// exists.
  private mutating func look(for name: String, in directory: String) -> Bool {
    var current = directory
    var rest = Substring(name)
    while true {
      guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else { break }
      let component = String(rest[..<slash])
      rest = rest[rest.utf8.index(after: slash)...]
      if component.isEmpty || component == "." { continue }
      if component != ".." {
        switch presence(current, component) {
        case .present: break
        case .absent:
          absent[current, default: []].insert(component)
          return false
        case .directoryMissing:
          noteMissing(current)
          return false
        }
      }
      current += current.utf8.last == UInt8(ascii: "/") ? component : "/" + component
    }
    switch presence(current, String(rest)) {
    case .present:
      return true
    case .absent:
      absent[current, default: []].insert(String(rest))
      return false
    case .directoryMissing:
      noteMissing(current)
      return false
    }
  }

  /// A search directory that does not exist: its name is what must stay absent.
  private mutating func noteMissing(_ directory: String) {
    var path = directory
    while path != "/", path != ".", !path.isEmpty {
      let parent = Self.directory(of: path)
      let name = String(path[path.index(path.lastIndex(of: "/") ?? path.startIndex, offsetBy: path.contains("/") ? 1 : 0)...])
      if name == ".." || name == "." {
        path = parent
        continue
      }
      switch presence(parent, name) {
      case .absent:
        absent[parent, default: []].insert(name)
        return
      case .present:
        // A file, or not searchable: whatever it is, it must not change; nothing to note.
        return
      case .directoryMissing:
        path = parent
      }
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
