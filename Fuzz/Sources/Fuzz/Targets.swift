@testable import CacheKey
@testable import Compilers
@testable import Platform
@testable import Settings
@testable import Wire

/// What can be fuzzed: each takes bytes and may refuse them in its own way, but not crash, hang or
/// contradict itself.
enum Target: String, CaseIterable {
  case arguments, responseFile, frame, manifest, entryHead, dependencies, scanner, places, dryRun
  case settings, farmMessages, farmTexts, schedulerEvents
  case runJobBody, webTokens, farmSettings
  case archive, packedArchive, jobOrder, policy
  case rustArguments, rustDependencies
  case redisReplies, redisTexts, segmentIndex, httpHead, entryStream

  func run(_ bytes: [UInt8]) {
    switch self {
    case .arguments: arguments(bytes)
    case .responseFile: responseFile(bytes)
    case .frame: frame(bytes)
    case .manifest: manifest(bytes)
    case .entryHead: entryHead(bytes)
    case .dependencies: dependencies(bytes)
    case .scanner: scanner(bytes)
    case .places: places(bytes)
    case .dryRun: dryRun(bytes)
    case .settings: settings(bytes)
    case .farmMessages: farmMessages(bytes)
    case .farmTexts: farmTexts(bytes)
    case .schedulerEvents: schedulerEvents(bytes)
    case .runJobBody: ServiceTargets.runJobBody(bytes)
    case .webTokens: ServiceTargets.webTokens(bytes)
    case .farmSettings: ServiceTargets.farmSettings(bytes)
    case .archive: SandboxTargets.archive(bytes)
    case .packedArchive: SandboxTargets.packedArchive(bytes)
    case .jobOrder: SandboxTargets.jobOrder(bytes)
    case .policy: SandboxTargets.policy(bytes)
    case .rustArguments: rustArguments(bytes)
    case .rustDependencies: rustDependencies(bytes)
    case .redisReplies: StoreTargets.redisReplies(bytes)
    case .redisTexts: StoreTargets.redisTexts(bytes)
    case .segmentIndex: StoreTargets.segmentIndex(bytes)
    case .httpHead: StoreTargets.httpHead(bytes)
    case .entryStream: StoreTargets.entryStream(bytes)
    }
  }

  private func arguments(_ bytes: [UInt8]) {
    let words = Self.words(bytes)
    for compiler in Self.compilers {
      _ = try? parse(
        Invocation(arguments: words, directory: "/work"), for: compiler, files: NoFiles())
    }
  }

  private func rustArguments(_ bytes: [UInt8]) {
    let words = Self.words(bytes)
    _ = try? parseCrate(
      Invocation(arguments: words, directory: "/work"), host: "x86_64-unknown-linux-gnu",
      files: NoFiles())
    // With what every crate has, or hardly anything gets far.
    let crate = try? parseCrate(
      Invocation(
        arguments: ["--crate-name", "a", "--emit=link", "--out-dir", "/o", "a.rs"] + words,
        directory: "/work"), host: "x86_64-unknown-linux-gnu",
      files: OneFile(text: words.joined(separator: "\n")))
    precondition(crate.map { !$0.outputs.isEmpty } ?? true)
  }

  /// What a text of rustc's means, and that places in it come back as they were.
  private func rustDependencies(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    _ = RustDependencyInfo(text)
    let places = Places(
      directory: "/work", baseDirectories: ["/work", "/t/deps"], paths: ["/work", "/t/deps"])
    if let stored = places.storedText(text) { precondition(places.usedText(stored) == text) }
    _ = places.usedText(text)
  }

  private func responseFile(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    for compiler in Self.compilers {
      _ = try? parse(
        Invocation(arguments: ["-c", "@file"], directory: "/work"), for: compiler,
        files: OneFile(text: text))
    }
  }

  private func frame(_ bytes: [UInt8]) {
    _ = try? bytes.withUnsafeBytes { try FrameHeader.decode($0) }
    if let request = try? CompileRequest(body: bytes) {
      let again = try? CompileRequest(body: Array(request.frame().dropFirst(FrameHeader.byteCount)))
      precondition(again?.arguments == request.arguments)
      precondition(again?.environment == request.environment)
    }
    _ = try? RunOrder(body: bytes)
    _ = try? Decline(body: bytes)
    _ = try? Outcome(body: bytes)
  }

  /// The bytes get a head and a checksum that fit, or nothing deeper would ever be reached.
  private func manifest(_ bytes: [UInt8]) {
    let key = Digest.of([1])
    let body = Array("SCCMAN\n".utf8) + [1] + key.bytes + bytes
    guard let manifest = try? Manifest(decoding: Self.sealed(body), key: key) else { return }
    precondition((try? Manifest(decoding: manifest.encode(), key: key)) != nil)
  }

  private func entryHead(_ bytes: [UInt8]) {
    let key = Digest.of([1])
    let length = UInt32(44 + bytes.count + 8)
    let body =
      Array("SCCENT\n".utf8) + [1] + key.bytes
      + withUnsafeBytes(of: length.littleEndian) { Array($0) } + bytes
    let fileSize = 1 << 20
    guard
      let head = try? EntryHead(decoding: Self.sealed(body)[...], key: key, fileSize: fileSize)
    else { return }
    for member in head.members {
      precondition(member.offset >= Int(length) && member.offset + member.stored <= fileSize)
    }
  }

  private func dependencies(_ bytes: [UInt8]) {
    guard let names = MakeDependencies.prerequisites(in: bytes) else { return }
    let file = DependencyFile(
      path: "a.d", omitsSystemHeaders: false, hasPhonyTargets: true, targets: ["a.o"])
    for compiler in Self.compilers {
      _ = MakeDependencies.render(file: file, prerequisites: names, compiler: compiler)
    }
  }

  private func scanner(_ bytes: [UInt8]) {
    let version = FileVersion(source: bytes)
    // Without a comment to leave out, nothing is left out.
    if version.sameLines == version.exact { precondition(version.sameColumns == version.exact) }
    _ = FileVersion(opaque: bytes)
    var finder = AbsenceFinder(search: SearchPath(quote: ["q"], angled: ["i", "/j"])) { _, name in
      name.utf8.count.isMultiple(of: 3) ? .file : .absent
    }
    _ = finder.find(files: [ReadFile(path: "a.c", facts: version.facts)], forced: [])
  }

  private func places(_ bytes: [UInt8]) {
    let words = Self.words(bytes)
    guard let first = words.first else { return }
    let places = Places(
      directory: "/" + first, baseDirectories: Array(words.prefix(4)),
      paths: Array(words.dropFirst(4)))
    for word in words where word.utf8.first == UInt8(ascii: "/") {
      let stored = places.stored(word)
      precondition(places.used(stored).map { $0.utf8.elementsEqual(word.utf8) } ?? false)
      _ = places.storedArgument(word)
    }
  }

  private func dryRun(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = Detection.compiler(fromProbe: text)
    _ = Detection.searchDirectories(fromVerbose: text)
    _ = Detection.frontEndCommand(fromDryRun: text)
    _ = Detection.assemblerCommand(fromDryRun: text)
  }

  private func settings(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for path in ["/work/config", "/work/config.json"] {
      guard let file = try? ConfigurationFile(path: path, text: text) else { continue }
      for key in file.root.keys { _ = file.place(of: [key]) }
      _ = try? Settings.load(environment: ["SCCACHE_CONF": path], home: "/work") { _ in text }
    }
  }

  // MARK: material

  private static let compilers = [
    Compiler(family: .gcc, version: "12.2.0", majorVersion: 12, treatsCAsCXX: false),
    Compiler(family: .clang, version: "19.1.0", majorVersion: 19, treatsCAsCXX: true),
  ]

  private static func words(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 10, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  static func sealed(_ body: [UInt8]) -> [UInt8] {
    body + withUnsafeBytes(of: checksum(body).littleEndian) { Array($0) }
  }
}

private struct NoFiles: FileReading {
  func text(of path: String) -> String? { nil }
  func isDirectory(_ path: String) -> Bool { path.utf8.last == UInt8(ascii: "/") }
}

/// A response file that may name itself.
private struct OneFile: FileReading {
  let text: String
  func text(of path: String) -> String? { path == "file" ? text : nil }
  func isDirectory(_ path: String) -> Bool { false }
}
