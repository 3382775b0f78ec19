import CacheKey
import Compilers
import Logging
import CPosix
import Glibc
import Platform
import Settings
import Storage
import Wire

extension CompilePipeline {
  /// A result that direct mode will find: its entry and its line in the manifest.
  func storable(
    _ captured: Captured, _ cacheable: CacheableCall, manifest key: Digest, startStamp: Int64
  ) -> Result<Storable, NotStored> {
    do throws(NotStored) {
      let versions = try readVersions(captured.files, cacheable, startStamp)
      guard let source = versions.first,
        key == cacheable.inputs.manifestKey(source: source.version.digest(cacheable.strictness))
      else { throw NotStored(text: "the source changed meanwhile") }
      try checkTraits(versions, key, cacheable)
      let place = try placeDigest(captured, cacheable, versions)
      let relaxes = !needsColumns(versions, cacheable)
      var listed = versions.map { file in
        Manifest.File(
          path: cacheable.places.stored(file.path), exact: file.version.exact,
          relaxed: relaxes ? file.version.digest(cacheable.strictness) : Manifest.File.neverRelaxed)
      }
      let surroundings = try surroundings(versions, captured, cacheable)
      // Of text that is preprocessed already, no list of files was made.
      let unlisted = cacheable.compilation.language.isPreprocessed ? implicitInputs(cacheable) : []
      for path in cacheable.compilation.extraInputs + surroundings.precompiledHeaders + unlisted {
        listed.append(try extraInput(path, cacheable, startStamp))
      }
      let presentation = captured.isQuiet ? nil : cacheable.presentation.digest
      let entry = KeyInputs.entryKey(
        manifest: key, files: listed.map { ($0.path, $0.exact) }, expected: surroundings.expected,
        place: place, presentation: presentation)
      let result = Manifest.Result(
        entry: entry, isQuiet: captured.isQuiet, place: place, presentation: presentation,
        files: listed,
        expected: surroundings.expected, cost: captured.cost)
      return .success(
        Storable(
          draft: draft(captured, cacheable, entry),
          listing: TieredStore.Listing(manifest: key, result: result)))
    } catch {
      return .failure(error)
    }
  }

  // MARK: what was read

  typealias VersionedFile = (path: String, version: FileVersion)

  func readVersions(
    _ paths: [String], _ cacheable: some CacheableWork, _ startStamp: Int64
  ) throws(NotStored) -> [VersionedFile] {
    guard paths.count <= Manifest.maximumFilesPerResult else {
      throw NotStored(text: "too many headers")
    }
    var versions: [VersionedFile] = []
    versions.reserveCapacity(paths.count)
    for path in paths {
      let absolute = cacheable.absolute(path)
      guard let stamp = FileStamp(path: absolute), stamp.isRegular,
        let version = files.record(absolute, as: cacheable.inputKind).version(at: stamp)
      else { throw NotStored(text: "a file that was read is gone") }
      // What was written since the compiler started may not be what it read.
      guard stamp.isSettled(at: startStamp) else {
        throw NotStored(text: "a file changed while compiling")
      }
      versions.append((path, version))
    }
    return versions
  }

  private func checkTraits(
    _ versions: [VersionedFile], _ key: Digest, _ cacheable: CacheableCall
  ) throws(NotStored) {
    var traits: SourceFacts.Traits = []
    for file in versions { traits.formUnion(file.version.facts.traits) }
    if traits.contains(.assemblerInclude) { throw NotStored(text: ".incbin") }
    if cacheable.compilation.language == .assembler {
      if traits.contains(.unread) { throw NotStored(text: "too large to be looked at") }
      // Nothing is looked for in text that no preprocessor sees.
      traits.remove(.computedProbe)
    }
    if versions.first?.version.facts.traits.contains(.computedFirstInclude) ?? false {
      throw NotStored(text: "the first include is named by a macro")
    }
    if traits.isSuperset(of: [.pastesUnderscores, .bareTimeName]) { traits.insert(.time) }
    if settings.disk.directMode.ignoreTimeMacros { traits.subtract([.time, .date, .timestamp]) }
    // What the scanner took for a comment is code there.
    if cacheable.readsStrictC90, traits.contains(.lineComments) { traits.insert(.computedProbe) }
    if !traits.isDisjoint(with: [.time, .date, .timestamp, .computedProbe]) {
      // From now on by the preprocessed text.
      indirect.insert(key)
      let first = versions.first {
        !$0.version.facts.traits.isDisjoint(with: [.time, .date, .timestamp, .computedProbe])
      }
      logger.debug(
        "direct mode can't serve this", metadata: ["because of": "\(first?.path ?? "")"])
      throw NotStored(text: "time macros or computed lookups: preprocessed next time")
    }
  }

  private func extraInput(
    _ path: String, _ cacheable: CacheableCall, _ startStamp: Int64
  ) throws(NotStored) -> Manifest.File {
    let absolute = cacheable.absolute(path)
    guard let stamp = FileStamp(path: absolute), stamp.isSettled(at: startStamp),
      let version = files.record(absolute, as: cacheable.inputKind).version(at: stamp)
    else { throw NotStored(text: "an extra input can't be read") }
    return Manifest.File(
      path: cacheable.places.stored(path), exact: version.exact, relaxed: Manifest.File.neverRelaxed
    )
  }

  /// Columns of tokens can reach the output though no debug information is wanted.
  func needsColumns(_ versions: [VersionedFile], _ cacheable: CacheableCall) -> Bool {
    let writesLambdas = cacheable.compiler.family == .clang && cacheable.compilation.language.isCXX
    let sensitive: SourceFacts.Traits = writesLambdas ? [.columns, .prettyFunction] : [.columns]
    return versions.contains { !$0.version.facts.traits.isDisjoint(with: sensitive) }
  }

  /// What was looked for, found and not found, and the precompiled headers that were found.
  func surroundings(
    _ versions: [VersionedFile], _ captured: Captured, _ cacheable: CacheableCall
  ) throws(NotStored) -> (expected: [ExpectedNames], precompiledHeaders: [String]) {
    let search = searchPath(cacheable, builtInSearch(cacheable)?.directories ?? [])
    var finder = AbsenceFinder(
      search: search,
      presence: { [directories] directory, name in
        directories.record(cacheable.absolute(directory)).presence(of: name)
      },
      listsIncludes: captured.listsIncludes,
      unlistedDirectories: captured.omitsSystemHeaders ? systemDirectories(search, cacheable) : [],
      identity: { identity(ofDirectory: $0, cacheable) })
    let expected = finder.find(
      files: versions.map { ReadFile(path: $0.path, facts: $0.version.facts) },
      forced: cacheable.compilation.search.forced, implicit: implicitLookups(cacheable),
      namesDirectories: cacheable.compilation.keyArguments.contains {
        $0 == "-Weverything" || $0.contains("missing-include-dirs")
      }
    ).map { names in
      ExpectedNames(
        directory: cacheable.places.stored(names.directory), absent: names.absent,
        present: names.present)
    }
    if finder.isUncertain {
      throw NotStored(text: "a link that leads nowhere is in the include path")
    }
    // We look after the compiler did, and after the reply: the build may have gone on.
    for names in finder.relied {
      let directory = cacheable.absolute(names.directory)
      guard captured.snapshot?.confirms(names, in: directory) ?? false else {
        throw NotStored(text: "headers came or went while compiling")
      }
    }
    return (expected, finder.precompiledHeaders)
  }

  // MARK: where it holds

  /// Set when an output or a message names the working or a base directory: then the result is only
  /// for these.
  private func placeDigest(
    _ captured: Captured, _ cacheable: CacheableCall, _ versions: [VersionedFile]
  ) throws(NotStored) -> Digest? {
    let knowsDirectory = cacheable.compilation.sensitivity.contains(.directory)
    let tellTales = cacheable.places.tellTales(includingDirectory: !knowsDirectory)
    guard !tellTales.isEmpty else { return nil }
    let isOpaque =
      cacheable.compilation.sensitivity.contains(.compressedDebug)
      || cacheable.compilation.keyArguments.contains { $0.hasPrefix("-flto") }
      || captured.members.contains { $0.name == "opt" }
      || usesFileNames(versions, cacheable)
    if isOpaque { return cacheable.places.digest }
    for tellTale in tellTales {
      let needle = Array(tellTale.utf8)
      if captured.outcome.standardError.contains(bytes: needle)
        || captured.outcome.standardOutput.contains(bytes: needle)
      {
        return cacheable.places.digest
      }
    }
    let needles = tellTales.map { Array($0.utf8) }
    for member in captured.members where try !names(in: member.content, of: needles).isEmpty {
      return cacheable.places.digest
    }
    return nil
  }

  /// Whether a file below a base directory can write its own name into the output in a form that no
  /// search finds: its length, a hash of it, wide characters. A macro prefix map makes names alike.
  private func usesFileNames(_ versions: [VersionedFile], _ cacheable: CacheableCall) -> Bool {
    guard !cacheable.places.bases.isEmpty,
      !cacheable.compilation.keyArguments.contains(where: {
        $0.hasPrefix("-ffile-prefix-map=") || $0.hasPrefix("-fmacro-prefix-map=")
      })
    else { return false }
    let places = cacheable.places
    let input = cacheable.compilation.input
    return versions.contains { file in
      guard file.version.facts.traits.contains(.fileName) else { return false }
      // Headers outside of the bases (assert.h) use the name as a string, which the search finds.
      let absolute = cacheable.absolute(file.path)
      guard places.stored(absolute) != absolute else { return false }
      // Relative names are alike in every checkout.
      return places.stored(file.path) != file.path || places.stored(input) != input
    }
  }

  /// Which of the needles an output has in it, by their indices.
  func names(
    in content: MemberContent, of needles: [[UInt8]]
  ) throws(NotStored) -> Set<Int> {
    var found: Set<Int> = []
    func search(_ bytes: [UInt8]) {
      for (index, needle) in needles.enumerated()
      where !found.contains(index) && bytes.contains(bytes: needle) { found.insert(index) }
    }
    switch content {
    case .bytes(let bytes): search(bytes)
    case .file(let file):
      // Pieces overlap, so that nothing is cut in two.
      let overlap = needles.map(\.count).max() ?? 0
      var offset = 0
      while offset < file.size, found.count < needles.count {
        let count = min(Self.searchedPiece + overlap, file.size - offset)
        guard
          let piece = try? file.descriptor.read(at: offset, count: count, path: "a copied output"),
          piece.count == count
        else { throw NotStored(text: "a copied output can't be read", isWriteError: true) }
        search(piece)
        offset += Self.searchedPiece
      }
    }
    return found
  }

  private static let searchedPiece = 256 << 10

  // MARK: what is written

  func draft(_ captured: Captured, _ cacheable: CacheableCall, _ key: Digest) -> EntryDraft {
    var members = captured.members
    func add(_ name: String, _ bytes: [UInt8]) {
      members.append(EntryDraft.Member(name: name, content: .bytes(bytes)))
    }
    func lines(_ paths: [String]) -> [UInt8] {
      Array(paths.map { cacheable.places.stored($0) }.joined(separator: "\n").utf8)
    }
    if let all = captured.allDependencies { add(MemberName.allDependencies, lines(all)) }
    if let user = captured.userDependencies { add(MemberName.userDependencies, lines(user)) }
    if !captured.outcome.standardOutput.isEmpty {
      add(MemberName.standardOutput, captured.outcome.standardOutput)
    }
    if !captured.outcome.standardError.isEmpty {
      add(MemberName.standardError, captured.outcome.standardError)
    }
    return EntryDraft(
      key: key, presentation: cacheable.presentation.locale,
      isColoured: cacheable.presentation.isColoured,
      members: members)
  }
}

/// A result as the stores get it.
struct Storable {
  var draft: EntryDraft
  /// Nil: found by the preprocessed text.
  var listing: TieredStore.Listing?
}
