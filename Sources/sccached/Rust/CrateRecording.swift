import CacheKey
import Compilers
import Glibc
import Platform
import Settings
import Storage
import Wire

extension FinishedRun {
  /// As it is answered to the caller, who has seen what was printed here.
  var reply: Outcome {
    guard isHere else { return outcome }
    var shown = outcome
    shown.standardOutput = []
    shown.standardError = []
    return shown
  }
}

extension CompilePipeline {
  /// Compiles on the farm if that is possible, else here.
  func runCrate(_ crate: CacheableCrate, added: [String], isRecorded: Bool = true) -> FinishedRun? {
    run(crate, added: added, isRecorded: isRecorded) {
      var remote = CrateRemoteRun(crate, pipeline: self)
      let result = remote.perform()
      return RemoteAttempt(
        result: result, startStamp: remote.startStamp, duration: remote.duration)
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
    // Before the reply: afterwards cargo may change or remove what rustc wrote.
    let recorded: Result<Storable, NotStored>
    do throws(NotStored) {
      recorded = .success(
        try CrateRecording(
          crate, self, outcome, linked, startStamp: run.startStamp, duration: run.duration
        ).storable(key))
    } catch {
      recorded = .failure(error)
    }
    crate.call.channel.send(run.reply.frame(.result))
    noteCompiled(crate, outcome, run.duration)
    guard outcome.ending.isSuccess else { return }
    switch recorded {
    case .success(let storable): put(storable, crate, since: finished)
    case .failure(let reason):
      noteUnstored(crate, reason.text, isWriteError: reason.isWriteError)
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

  /// The entry and its line in the manifest.
  func storable(_ key: Digest) throws(NotStored) -> Storable {
    guard outcome.ending.isSuccess else { throw NotStored(text: "failed") }
    guard !outcome.isPartial else { throw NotStored(text: "too much output") }
    // Crates, libraries and what else the key has by content: as they were before rustc read them.
    guard let now = try? pipeline.cacheable(crate.call, crate.program, crate.compilation),
      now.inputs.manifestKey == key
    else { throw NotStored(text: "an input changed while compiling") }
    let listed = try dependencies()
    var members: [EntryDraft.Member] = []
    for output in crate.outputs {
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
    let conditions =
      listed.info.variables.map { crate.condition(variable: $0.name) }
      + (try namedDirectories(members))
    let read =
      listed.info.files + (try linked?.files() ?? []) + (try BundledFiles(crate).files())
    let files = try pipeline.readVersions(read, crate, startStamp).map { file in
      Manifest.File(
        path: crate.places.stored(file.path), exact: file.version.exact,
        relaxed: Manifest.File.neverRelaxed)
    }
    let expected =
      (linked?.expected(read) ?? []) + (crate.isClippy ? pipeline.clippyConfiguration(crate) : [])
    return storable(key, members, files, expected, conditions)
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
    var found: [Manifest.Condition] = []
    let candidates: [(base: Int?, path: String)] =
      [(nil, crate.places.directory)] + crate.places.bases.enumerated().map { ($0, $1) }
    for candidate in candidates {
      // Texts escape such characters, each in its way.
      let isPlain = !candidate.path.utf8.contains { " \\\"#$".utf8.contains($0) || $0 >= 0x80 }
      let holdsSources =
        candidate.base == nil || crate.sourceDirectories.contains(candidate.path)
      var isNamed = crate.compilation.hidesPaths && holdsSources || !isPlain
      if !isNamed {
        let needle = Array(candidate.path.utf8)
        for member in members where try pipeline.contains(member.content, needle) { isNamed = true }
      }
      if isNamed { found.append(crate.condition(base: candidate.base)) }
    }
    return found
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
