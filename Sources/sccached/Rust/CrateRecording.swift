import CacheKey
import Compilers
import Glibc
import Platform
import Settings
import Storage
import Wire

extension CompilePipeline {
  /// Compiles on the farm if that is possible, else here.
  func runCrate(_ crate: CacheableCrate, added: [String], isRecorded: Bool = true) -> FinishedRun? {
    run(crate, added: added, isRecorded: isRecorded) {
      CrateRemoteRun(crate, pipeline: self).perform()
    }
  }

  func compileAndStoreCrate(_ crate: CacheableCrate, _ key: Digest) {
    if !crate.call.settings.recache { store.noteMiss() }
    let linked =
      crate.compilation.isLinked
      ? LinkedFiles(crate, runtimeDirectory: runtimeDirectory) : nil
    defer { linked?.discard() }
    guard let run = runCrate(crate, added: linked?.addedArguments ?? []) else { return }
    let outcome = run.outcome
    let finished = Clock.monotonic
    let recording = CrateRecording(
      crate, self, outcome, linked, startStamp: run.startStamp, duration: run.duration)
    // Before the reply: afterwards cargo may change or remove what rustc wrote.
    let captured: Result<CrateRecording.Captured, NotStored>
    do throws(NotStored) {
      captured = .success(try recording.capture())
    } catch {
      captured = .failure(error)
    }
    crate.call.channel.send(run.reply.frame(.result))
    noteCompiled(crate, outcome, run.duration)
    guard outcome.ending.isSuccess else { return }
    do throws(NotStored) {
      put(try recording.storable(key, try captured.get()), crate, since: finished)
    } catch {
      noteUnstored(crate, error.text, isWriteError: error.isWriteError)
    }
  }
}

/// Takes from a finished run of rustc what the cache will keep.
struct CrateRecording {
  private let crate: CacheableCrate
  private let pipeline: CompilePipeline
  private let outcome: Outcome
  private let linked: LinkedFiles?
  private let startStamp: Int64
  private let duration: Duration

  /// - Parameter linked: nil: no linker took part.
  init(
    _ crate: CacheableCrate, _ pipeline: CompilePipeline, _ outcome: Outcome,
    _ linked: LinkedFiles?, startStamp: Int64, duration: Duration
  ) {
    self.crate = crate
    self.pipeline = pipeline
    self.outcome = outcome
    self.linked = linked
    self.startStamp = startStamp
    self.duration = duration
  }

  /// What rustc left, safe from whatever the build does next, and the names of all that it read.
  struct Captured {
    var members: [EntryDraft.Member]
    var files: [String]
    var variables: [RustDependencyInfo.Variable]
    /// No stamp would tell when one of these names came.
    var expected: [ExpectedNames]
  }

  func capture() throws(NotStored) -> Captured {
    guard outcome.ending.isSuccess else { throw NotStored(text: "failed") }
    guard !outcome.isPartial else { throw NotStored(text: "too much output") }
    let listed = try dependencies()
    var members: [EntryDraft.Member] = []
    for output in crate.outputs + crate.looseOutputs() {
      if output.name == "d" {
        members.append(try text(Array(listed.text.utf8), "d"))
      } else {
        let copy = OutputCopy(output: output, path: crate.absolute(output.path), pipeline.store)
        guard let content = try copy.content(since: startStamp) else { continue }
        members.append(EntryDraft.Member(name: output.name, content: content))
      }
    }
    let printed = [
      (MemberName.standardOutput, outcome.standardOutput),
      (MemberName.standardError, outcome.standardError),
    ]
    for (name, bytes) in printed where !bytes.isEmpty { members.append(try text(bytes, name)) }
    let sources = CrateSources(crate, files: listed.info.files)
    try sources.checkCrates()
    let files =
      listed.info.files + (try linked?.files() ?? []) + (try BundledFiles(crate).files())
    if members.contains(where: { $0.name.hasSuffix(".dwp") }) { try checkPacked(files) }
    return Captured(
      members: members, files: files, variables: listed.info.variables,
      expected: sources.expected() + (linked?.expected(files) ?? [])
        + (crate.isClippy ? pipeline.clippyConfiguration(crate) : []))
  }

  /// The entry and its line in the manifest. What changed since rustc was started shows in its stamp, also
  /// behind the reply.
  func storable(_ key: Digest, _ captured: Captured) throws(NotStored) -> Storable {
    // Crates, libraries and what else the key has by content: as they were before rustc read them.
    guard let now = try? pipeline.cacheable(crate.call, crate.program, crate.compilation),
      now.inputs.manifestKey == key
    else { throw NotStored(text: "an input changed while compiling") }
    let variables = captured.variables.map(\.name).filter {
      $0 != "OUT_DIR" || !crate.includesOnly(captured.files)
    }
    let conditions =
      variables.map(crate.condition) + (try namedDirectories(captured.members))
    let files = try pipeline.readVersions(captured.files, crate, startStamp).map { file in
      Manifest.File(
        path: crate.places.stored(file.path), exact: file.version.exact,
        relaxed: Manifest.File.neverRelaxed)
    }
    return storable(key, captured.members, files, captured.expected, conditions)
  }

  private func storable(
    _ key: Digest, _ members: [EntryDraft.Member], _ files: [Manifest.File],
    _ expected: [ExpectedNames], _ conditions: [Manifest.Condition]
  ) -> Storable {
    let presentation = isQuiet ? nil : crate.presentation.digest
    let entry = KeyInputs.entryKey(
      manifest: key, files: files.map { ($0.path, $0.exact) }, expected: expected,
      conditions: conditions, place: nil, presentation: presentation)
    let result = Manifest.Result(
      entry: entry, isQuiet: isQuiet, place: nil, presentation: presentation, files: files,
      expected: expected, conditions: conditions, cost: Manifest.Cost(duration, members))
    return Storable(
      draft: EntryDraft(
        key: entry, presentation: crate.presentation.locale,
        isColoured: crate.presentation.isColoured, members: members),
      listing: TieredStore.Listing(manifest: key, result: result))
  }

  /// Nothing was printed but which files are there.
  private var isQuiet: Bool {
    outcome.standardOutput.isEmpty && ArtifactNotices.isAll(of: outcome.standardError)
  }

  /// What packs debug information reads it from the crates, which the linker lists, or else from files whose
  /// names the crates have in them.
  private func checkPacked(_ files: [String]) throws(NotStored) {
    for path in files where path.hasSuffix(".rlib") {
      guard let names = ArchiveMembers.names(of: crate.absolute(path)) else {
        throw NotStored(text: "a crate that was linked can't be read")
      }
      let hasCode = names.contains { $0.hasSuffix(".rcgu.o") }
      if hasCode, !names.contains(where: { $0.hasSuffix(".dwo") }) {
        throw NotStored(text: "debug information of a crate that is not in it")
      }
    }
  }

  // MARK: dependencies

  private func dependencies() throws(NotStored) -> (info: RustDependencyInfo, text: String) {
    guard let output = crate.outputs.first(where: { $0.name == "d" }) else {
      throw NotStored(text: "no dep-info is asked for")
    }
    let path = crate.absolute(output.path)
    guard let stamp = FileStamp(path: path), stamp.latest >= startStamp,
      let bytes = try? Files.read(path, limit: 64 << 20),
      let text = String(validating: bytes, as: UTF8.self), let info = RustDependencyInfo(text),
      !info.files.isEmpty
    else { throw NotStored(text: "the dependency file can't be read") }
    return (info, text)
  }

  // MARK: places

  private func text(_ bytes: [UInt8], _ name: String) throws(NotStored) -> EntryDraft.Member {
    guard let text = String(validating: bytes, as: UTF8.self),
      let stored = crate.places.storedText(text)
    else { throw NotStored(text: "what was printed is no text") }
    return EntryDraft.Member(name: name, content: .bytes(Array(stored.utf8)))
  }

  /// Which of the working and base directories the outputs name: the result is only for these.
  private func namedDirectories(
    _ members: [EntryDraft.Member]
  ) throws(NotStored) -> [Manifest.Condition] {
    let candidates: [(base: Int?, path: String)] =
      [(nil, crate.places.directory)] + crate.places.bases.enumerated().map { ($0, $1) }
    var named: Set<Int> = []
    for (index, candidate) in candidates.enumerated() {
      // Texts escape such characters, each in its way.
      let isPlain = !candidate.path.utf8.contains { " \\\"#$".utf8.contains($0) || $0 >= 0x80 }
      let holdsSources =
        candidate.base == nil || crate.sourceDirectories.contains(candidate.path)
      let compilation = crate.compilation
      let isHidden =
        compilation.hidesPaths || compilation.packsPaths && !compilation.remaps(candidate.path)
      if isHidden && holdsSources || !isPlain || compilation.isBoundToPlaces {
        named.insert(index)
      }
    }
    let searched = candidates.indices.filter { !named.contains($0) }
    let needles = searched.map { Array(candidates[$0].path.utf8) }
    for member in members {
      for index in try pipeline.names(in: member.content, of: needles) {
        named.insert(searched[index])
      }
    }
    return named.sorted().map { crate.condition(base: candidates[$0].base) }
  }
}

extension CompilePipeline {
  /// Where clippy looks for its configuration: what it finds is in rustc's list, and what it doesn't must
  /// stay away.
  func clippyConfiguration(_ crate: CacheableCrate) -> [ExpectedNames] {
    let environment = crate.call.environment
    let names = [".clippy.toml", "clippy.toml"]
    var place =
      environment.value("CLIPPY_CONF_DIR") ?? environment.value("CARGO_MANIFEST_DIR")
      ?? crate.call.directory
    place = crate.absolute(place)
    var expected: [ExpectedNames] = []
    while true {
      let here = names.filter { directories.record(place).contains($0) }
      let absent = names.filter { !here.contains($0) }
      expected.append(
        ExpectedNames(directory: crate.places.stored(place), absent: absent, present: here))
      if !here.isEmpty || place == "/" { return expected }
      place = Path.directory(of: place)
    }
  }
}
