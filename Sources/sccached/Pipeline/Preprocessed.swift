import CacheKey
import Compilers
import Glibc
import Platform
import Settings
import Storage
import Synchronization

/// What the preprocessor made of a source, as keys see it.
struct PreprocessedText {
  /// Finds a result that printed nothing: comments that can't matter are left out.
  let relaxed: Digest
  /// Finds one that printed something, which may quote comments: every byte counts.
  let exact: Digest
  /// Every file that was read, the source first, as the compiler names them.
  let files: [String]
  /// When the preprocessor was started, as files are stamped.
  let startStamp: Int64
}

/// Why there is no such text.
private enum Unreadable: Error {
  /// The compiler shall say itself what is wrong.
  case failed
  case unsuitable(String)
}

private let sequence = Atomic<Int>(0)

extension CompilePipeline {
  /// Preprocessed mode: looks for the result by its text and the files that this is made of.
  func servePreprocessed(_ cacheable: CacheableCall, started: Int64) {
    let text: PreprocessedText
    do throws(Unreadable) {
      text = try preprocess(cacheable)
    } catch {
      switch error {
      case .failed:
        statistics.record {
          $0.cacheError(language: cacheable.language, advanced: cacheable.advancedLanguage)
        }
        decline(cacheable.call, cacheable.program)
      case .unsuitable(let reason):
        compileUnstored(cacheable, reason: reason)
      }
      return
    }
    if cacheable.call.settings.recache {
      statistics.record { $0.forcedRecache() }
    } else if restore(cacheable, text, started: started) {
      statistics.record { $0.hitKind(.preprocessed) }
      return
    }
    fly(
      cacheable, flight: text.exact,
      again: { self.restore(cacheable, text, started: Clock.monotonic) }
    ) {
      self.compileAndStore(cacheable, .text(text))
    }
  }

  /// The exact key comes first: a quiet result of other comments must not hide the messages of these.
  private func restore(
    _ cacheable: CacheableCall, _ text: PreprocessedText, started: Int64
  ) -> Bool {
    restore(cacheable, text.exact, started: started)
      || restore(cacheable, text.relaxed, started: started)
  }

  // MARK: the preprocessor

  private func preprocess(_ cacheable: CacheableCall) throws(Unreadable) -> PreprocessedText {
    let number = sequence.wrappingAdd(1, ordering: .relaxed).newValue
    let list = "\(runtimeDirectory)/headers-\(getpid())-\(number)"
    defer { unlink(list) }
    let startStamp = Clock.coarse
    guard
      let result = try? Spawn.run(
        cacheable.program, preprocessorArguments(cacheable, listingHeadersIn: list),
        environment: cacheable.call.environment.variables(running: cacheable.program),
        directory: cacheable.call.directory, timeoutSeconds: 600),
      result.isSuccess
    else { throw .failed }
    guard let bytes = try? Files.read(list, limit: 64 << 20),
      var paths = MakeDependencies.prerequisites(in: bytes)
    else { throw .unsuitable("the headers can't be listed") }
    paths.keepFirstOfEach(startingWith: cacheable.compilation.input)
    if FileVersion(opaque: result.output).facts.traits.contains(.assemblerInclude) {
      throw .unsuitable(".incbin")
    }
    let read = try versions(of: paths, cacheable)
    let extra = try versions(
      of: cacheable.compilation.extraInputs + implicitInputs(cacheable), cacheable, isOpaque: true)
    try checkCoverage(read, cacheable)
    let strictness = needsColumns(read, cacheable) ? .exact : cacheable.strictness
    func key(_ strictness: Strictness, _ presentation: Digest?) -> Digest {
      cacheable.inputs.preprocessedKey(
        text: Digest.of(result.output), messages: Digest.of(result.errors),
        files: read.map { ($0.path, $0.version.digest(strictness)) }
          + extra.map { ($0.path, $0.version.exact) },
        presentation: presentation)
    }
    return PreprocessedText(
      relaxed: key(strictness, nil), exact: key(.exact, cacheable.presentation.digest),
      files: paths, startStamp: startStamp)
  }

  private func preprocessorArguments(
    _ cacheable: CacheableCall, listingHeadersIn list: String
  ) -> [String] {
    let compilation = cacheable.compilation
    let language = compilation.explicitLanguage.map { ["-x", $0.driverName] } ?? []
    // -g3 writes the macros down, and which of them are defined may hang on a file that isn't read.
    let macros = compilation.sensitivity.contains(.columns) ? ["-dD"] : []
    return compilation.preprocessorArguments + language + macros
      + ["-MD", "-MF", list, "-MT", "x", "-E", compilation.input]
  }

  private func versions(
    of paths: [String], _ cacheable: CacheableCall, isOpaque: Bool = false
  ) throws(Unreadable) -> [VersionedFile] {
    guard paths.count <= Manifest.maximumFilesPerResult else {
      throw .unsuitable("too many headers")
    }
    var found: [VersionedFile] = []
    for path in paths {
      let record = files.record(
        cacheable.absolute(path), as: isOpaque ? .opaque : cacheable.inputKind)
      guard let version = record.current() else {
        throw .unsuitable("a file that was read is gone")
      }
      found.append((path, version))
    }
    return found
  }

  /// A coverage mapping names the groups that a condition left out, which no text shows when they
  /// are empty.
  private func checkCoverage(
    _ versions: [VersionedFile], _ cacheable: CacheableCall
  ) throws(Unreadable) {
    guard cacheable.compilation.keyArguments.contains("-fcoverage-mapping") else { return }
    let asks = versions.contains { file in
      file.version.facts.traits.contains(.computedProbe)
        || file.version.facts.lookups.contains(where: \.isProbe)
    }
    if asks { throw .unsuitable("a coverage mapping of conditions that ask for files") }
  }

  // MARK: storing

  /// A result that its preprocessed text finds.
  func storable(
    _ captured: Captured, _ cacheable: CacheableCall, _ text: PreprocessedText, startStamp: Int64
  ) -> Result<Storable, NotStored> {
    do throws(NotStored) {
      let read = Set(text.files.map(ExactText.init))
      guard captured.files.allSatisfy({ read.contains(ExactText($0)) }) else {
        throw NotStored(text: "other headers than a moment before")
      }
      let versions = try readVersions(text.files, cacheable, min(text.startStamp, startStamp))
      // The preprocessed text has the header's text, the compiler took the precompiled one.
      guard try surroundings(versions, captured, cacheable).precompiledHeaders.isEmpty else {
        throw NotStored(text: "a precompiled header may be in use")
      }
      // The time may have gone on, and a header come or gone, between the preprocessor's look and the
      // compiler's: what is the same before and after was the same for the compiler.
      guard let after = try? preprocess(cacheable), after.exact == text.exact else {
        throw NotStored(text: "the preprocessed text changed meanwhile")
      }
      return .success(
        Storable(
          draft: draft(captured, cacheable, captured.isQuiet ? text.relaxed : text.exact)))
    } catch {
      return .failure(error)
    }
  }
}
