import CacheKey
import Compilers
import CPosix
import Glibc
import Platform
import Storage
import Synchronization
import Wire

/// Takes from a finished compilation what the cache will keep: copies of its outputs and the list of
/// the files that it read.
struct Recording {
  private let cacheable: CacheableCall
  private let pipeline: CompilePipeline
  private let temporary: String
  /// Nil when nothing may be added to the command line.
  let capturePlan: DependencyCapture?

  private static let sequence = Atomic<Int>(0)

  init(_ cacheable: CacheableCall, pipeline: CompilePipeline) {
    self.cacheable = cacheable
    self.pipeline = pipeline
    let number = Self.sequence.wrappingAdd(1, ordering: .relaxed).newValue
    temporary = "\(pipeline.runtimeDirectory)/deps-\(getpid())-\(number)"
    capturePlan = dependencyCapture(
      for: cacheable.compilation, compiler: cacheable.compiler, temporaryFile: temporary)
  }

  /// Removes what the run may have left.
  func discard() {
    unlink(temporary)
  }

  /// Copies the outputs and reads the dependencies.
  ///
  /// - Parameter startStamp: what is older was not written by this run.
  func capture(_ outcome: Outcome, startStamp: Int64) -> Result<Captured, NotStored> {
    defer { if capturePlan?.separateRun == nil { discard() } }
    guard outcome.ending.isSuccess else { return .failure(NotStored(text: "failed")) }
    guard !outcome.isPartial else { return .failure(NotStored(text: "too much output")) }
    do throws(NotStored) {
      var captured = Captured(outcome: outcome)
      try readDependencies(&captured)
      for output in cacheable.compilation.outputs {
        let copy = OutputCopy(
          output: output, path: cacheable.absolute(output.path), pipeline.store)
        guard let content = try copy.content(since: startStamp) else { continue }
        captured.members.append(EntryDraft.Member(name: output.name, content: content))
      }
      return .success(captured)
    } catch {
      return .failure(error)
    }
  }

  // MARK: dependencies

  private func readDependencies(_ captured: inout Captured) throws(NotStored) {
    let input = cacheable.compilation.input
    switch capturePlan?.report {
    case .makeFile where capturePlan?.separateRun != nil:
      // After the reply, see `complete`.
      captured.files = [input]
    case .makeFile(let path):
      captured.files = try prerequisites(path)
      captured.allDependencies = captured.files
    case .none?, nil:
      captured.files = [input]
    }
    if let file = cacheable.compilation.dependencyFile {
      let listed = try prerequisites(file.path)
      if file.omitsSystemHeaders {
        captured.userDependencies = listed
        captured.files += listed
      } else {
        captured.allDependencies = listed
      }
    }
    captured.tidyFiles(input: input)
  }

  /// What has to be asked in a run of its own, after the reply: the headers of a compilation whose
  /// dependency file leaves system headers out.
  func complete(_ captured: inout Captured) throws(NotStored) {
    guard let arguments = capturePlan?.separateRun, case .makeFile(let path)? = capturePlan?.report
    else { return }
    captured.omitsSystemHeaders = true
    if let listed = captured.userDependencies,
      let closure = pipeline.headerClosure(cacheable, listed: listed)
    {
      captured.files += closure.files
      captured.unlisted = closure.unlisted
      captured.tidyFiles(input: cacheable.compilation.input)
      return
    }
    defer { discard() }
    let call = cacheable.call
    guard
      let result = try? Spawn.run(
        cacheable.program, arguments,
        environment: call.environment.variables(running: cacheable.program),
        directory: call.directory, timeoutSeconds: 600),
      result.isSuccess
    else { throw NotStored(text: "the headers can't be listed") }
    let all = try prerequisites(path)
    let listed = Set(
      (captured.userDependencies ?? []).map { ExactText.plain($0) })
    captured.unlisted = Set(all.map { ExactText.plain($0) }).subtracting(listed)
    captured.files += all
    captured.tidyFiles(input: cacheable.compilation.input)
  }

  private func prerequisites(_ path: String) throws(NotStored) -> [String] {
    guard let bytes = try? Files.read(cacheable.absolute(path), limit: 64 << 20),
      let text = String(validating: bytes, as: UTF8.self),
      let paths = MakeDependencies.prerequisites(in: text)
    else { throw NotStored(text: "the dependency file can't be read") }
    return paths
  }
}

/// What a compilation left, safe from whatever the build does next.
struct Captured {
  var outcome: Outcome
  var members: [EntryDraft.Member] = []
  /// Every file read, the source first, as the compiler names them.
  var files: [String] = []
  /// System headers among these are not from the compilation itself but from a look at the files
  /// after it.
  var omitsSystemHeaders = false
  /// Of the files, the ones whose includes are known from there alone.
  var unlisted: Set<ExactText> = []
  var snapshot: DirectorySnapshot?
  /// How long the compiler ran.
  var duration: Duration = .zero
  /// What a dependency file lists, where the compiler told.
  var allDependencies: [String]?
  var userDependencies: [String]?

  init(outcome: Outcome) {
    self.outcome = outcome
  }

  /// Whether the compiler's list is known to lack nothing that the file includes.
  func listsIncludes(of file: ReadFile) -> Bool {
    !omitsSystemHeaders
      || !unlisted.contains(ExactText.plain(file.path))
        && !file.facts.traits.contains(.systemHeader)
  }

  /// The source first, and each file once.
  mutating func tidyFiles(input: String) {
    files.keepFirstOfEach(startingWith: input)
  }

  var cost: Manifest.Cost { Manifest.Cost(duration, members) }

  /// Nothing was printed, so a changed comment can't show in a diagnostic.
  var isQuiet: Bool { outcome.standardError.isEmpty && outcome.standardOutput.isEmpty }
}

extension Manifest.Cost {
  init(_ duration: Duration, _ members: [EntryDraft.Member]) {
    let (seconds, attoseconds) = duration.components
    self.init(
      milliseconds: UInt32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000),
      bytes: UInt64(clamping: members.reduce(0) { $0 + $1.content.size }))
  }
}

extension [String] {
  /// Each path once, and the given one in front.
  mutating func keepFirstOfEach(startingWith first: String) {
    var seen: Set<ExactText> = [ExactText(first)]
    self = [first] + filter { seen.insert(ExactText($0)).inserted }
  }
}
