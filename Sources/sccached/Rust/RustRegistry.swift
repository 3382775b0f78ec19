import CacheKey
import Platform
import Synchronization

/// Remembers which toolchain a program is, for as long as nothing of it, and nothing that chooses it, is
/// replaced.
final class RustRegistry: Sendable {
  private struct NativeQuestion: Hashable {
    var toolchain: Digest
    var target: String?
  }

  private struct LinkingQuestion: Hashable {
    var toolchain: Digest
    var target: String
    /// Of the file that describes the target.
    var specification: FileStamp?
  }

  /// What links for a target unless the command line says something else.
  struct TargetLinking {
    /// Nil: `cc`.
    var linker: String?
    var flavor: String
  }

  private struct State {
    var toolchains: [RustQuestion: RustToolchain] = [:]
    /// Until when a program that could not be asked is not asked again, on the monotonic clock.
    var unknown: [RustQuestion: Int64] = [:]
    var native: [NativeQuestion: Digest] = [:]
    var linking: [LinkingQuestion: TargetLinking] = [:]
  }

  private let state = Mutex(State())
  private let probing = Monitor<Set<RustQuestion>>([])
  private let prober: RustProber
  private static let limit = 256
  private static let pause: Int64 = 2_000_000_000

  init(files: FileRecords) {
    prober = RustProber(files: files)
  }

  /// Nil when the program is no rustc, or can't be asked.
  func toolchain(_ question: RustQuestion, _ call: Call) -> RustToolchain? {
    if let known = known(question) { return known }
    if let until = state.withLock({ $0.unknown[question] }), Clock.monotonic < until { return nil }
    // One caller asks, the others wait for its answer.
    guard probing.withLock({ $0.insert(question).inserted }) else {
      _ = probing.wait(until: Clock.monotonic + 120_000_000_000) {
        $0.contains(question) ? nil : true
      }
      return toolchain(question, call)
    }
    defer { probing.change { _ = $0.remove(question) } }
    if let known = known(question) { return known }
    let found = prober.identify(question, call)
    state.withLock { state in
      if state.toolchains.count >= Self.limit { state.toolchains.removeAll() }
      if state.unknown.count >= Self.limit { state.unknown.removeAll() }
      state.toolchains[question] = found
      state.unknown[question] = found == nil ? Clock.monotonic + Self.pause : nil
    }
    return found
  }

  private func known(_ question: RustQuestion) -> RustToolchain? {
    let known = state.withLock { $0.toolchains[question] }
    return known.flatMap { $0.isInPlace ? $0 : nil }
  }

  /// What `target-cpu=native` is here; nil when that can't be told.
  func nativeProcessor(
    _ toolchain: RustToolchain, _ program: String, target: String?, _ call: Call
  ) -> Digest? {
    let question = NativeQuestion(toolchain: toolchain.digest, target: target)
    if let known = state.withLock({ $0.native[question] }) { return known }
    guard let found = prober.nativeProcessor(program, target: target, call) else { return nil }
    state.withLock { state in
      if state.native.count >= Self.limit { state.native.removeAll() }
      state.native[question] = found
    }
    return found
  }

  /// Nil when the target's description can't be had.
  func linking(
    _ toolchain: RustToolchain, _ program: String, target: String, _ call: Call
  ) -> TargetLinking? {
    let file =
      target.hasSuffix(".json") ? target : TargetSpecifications.file(of: target, call)
    let stamp = file.flatMap { FileStamp(path: Path.absolute($0, in: call.directory)) }
    let question = LinkingQuestion(
      toolchain: toolchain.digest, target: target, specification: stamp)
    if let known = state.withLock({ $0.linking[question] }) { return known }
    let looked = Clock.coarse
    guard let found = prober.linking(program, target: target, call) else { return nil }
    guard stamp?.isSettled(at: looked) ?? true else { return found }
    state.withLock { state in
      if state.linking.count >= Self.limit { state.linking.removeAll() }
      state.linking[question] = found
    }
    return found
  }
}
