import CacheKey
import Compilers
import Platform

extension CompilePipeline {
  func builtInSearch(_ cacheable: CacheableCall) -> BuiltInSearch? {
    registry.builtInSearch(
      cacheable.identity, cacheable.question, cacheable.compilation,
      directory: cacheable.call.directory, environment: cacheable.call.environment)
  }

  /// All directories in which this compilation looks for headers.
  func searchPath(_ cacheable: CacheableCall, _ builtIn: [String]) -> SearchPath {
    let search = cacheable.compilation.search
    return SearchPath(
      quote: search.quote,
      angled: search.angled + cacheable.environmentDirectories(["CPATH"]) + search.system
        + cacheable.environmentDirectories(
          CompilerEnvironment.systemIncludeVariables(
            for: cacheable.compilation.language, family: cacheable.compiler.family))
        + builtIn + search.after)
  }

  /// What the compiler looks for although no file says so.
  ///
  /// gcc includes `<stdc-predef.h>` wherever it finds one, the caller's directories first, unless
  /// `-nostdinc` or `-ffreestanding` is given, and says nothing when there is none (11 and 12, for C,
  /// C++ and assembler). clang 14 to 19 does not.
  func implicitLookups(_ cacheable: CacheableCall) -> [SourceFacts.Lookup] {
    switch cacheable.compiler.family {
    case .gcc:
      cacheable.compilation.language.isPreprocessed
        ? [] : [SourceFacts.Lookup(name: "stdc-predef.h", form: .angled)]
    case .clang: sanitizerLists(cacheable).map { SourceFacts.Lookup(name: $0, form: .quoted) }
    }
  }

  /// Files that the compiler reads unasked and that no list of headers names.
  func implicitInputs(_ cacheable: CacheableCall) -> [String] {
    guard cacheable.compiler.family == .clang else { return [] }
    return sanitizerLists(cacheable).filter { isFile($0, cacheable) }
  }

  private func isFile(_ path: String, _ cacheable: CacheableCall) -> Bool {
    let path = cacheable.absolute(path)
    return directories.record(Path.directory(of: path)).presence(of: Path.name(of: path)) == .file
  }

  /// Equal for two names of the same directory.
  func identity(ofDirectory directory: String, _ cacheable: CacheableCall) -> String? {
    directories.record(cacheable.absolute(directory)).identity()
  }

  /// Lists of what clang's sanitizers shall leave alone: each is read if it stands in the resource
  /// directory, and comes with another package than the compiler.
  private func sanitizerLists(_ cacheable: CacheableCall) -> [String] {
    guard Self.sanitizes(cacheable) else { return [] }
    return (builtInSearch(cacheable)?.directories ?? []).filter { directory in
      // The header stands in no other directory.
      Path.name(of: directory) == "include"
        && isFile(Path.join(directory, "__stddef_max_align_t.h"), cacheable)
    }.flatMap { directory in
      [
        "asan_ignorelist", "cfi_ignorelist", "dfsan_abilist", "hwasan_ignorelist",
        "memtag_ignorelist", "msan_ignorelist", "nsan_ignorelist", "tsan_ignorelist",
        "tysan_ignorelist", "ubsan_ignorelist",
      ].map { Path.join(Path.directory(of: directory), "share/\($0).txt") }
    }
  }

  private static func sanitizes(_ cacheable: CacheableCall) -> Bool {
    cacheable.compilation.keyArguments.contains { $0.hasPrefix("-fsanitize") }
  }

  /// Of these, the ones that are not the system's: `-MMD` lists what is found there.
  private func userDirectories(_ cacheable: CacheableCall) -> [String] {
    let search = cacheable.compilation.search
    return search.quote + search.angled + cacheable.environmentDirectories(["CPATH"])
  }

  /// The directories of a search path that are the system's, by one of their names or both.
  func systemDirectories(_ search: SearchPath, _ cacheable: CacheableCall) -> [String] {
    let users = Set(userDirectories(cacheable).map(ExactText.init))
    let doubled = AbsenceFinder.doubled(search) { identity(ofDirectory: $0, cacheable) }
    return (search.quote + search.angled).filter {
      let name = ExactText($0)
      return !users.contains(name) || doubled.contains(name)
    }
  }

  /// The directories in which names can come and go while this compilation runs, as they are now: those
  /// of the command line and of the source, and those below them that its includes name. The
  /// compiler's own are not among them: who changes these while compiling gets nothing stored.
  func snapshot(_ cacheable: CacheableCall, startStamp: Int64) -> DirectorySnapshot {
    let home = Path.directory(of: cacheable.compilation.input)
    let search = searchPath(cacheable, [])
    var snapshot = DirectorySnapshot(startStamp: startStamp, records: directories)
    let names =
      (sourceVersion(cacheable)?.facts.lookups.map(\.name) ?? [])
      + cacheable.compilation.search.forced
    for directory in [".", home] + search.quote + search.angled {
      let absolute = cacheable.absolute(directory)
      guard snapshot.watch(absolute) else { continue }
      for name in names where name.contains("/") && !name.hasPrefix("/") {
        snapshot.watchParents(of: name, in: absolute)
      }
    }
    return snapshot
  }

  /// Every file that a compilation can have read whose dependency file leaves system headers out, and
  /// those whose includes it leaves out; nil when only the compiler can tell.
  ///
  /// - Parameter listed: what the dependency file names.
  func headerClosure(
    _ cacheable: CacheableCall, listed: [String]
  ) -> (files: [String], unlisted: Set<ExactText>)? {
    guard !cacheable.identity.isScript, !cacheable.readsStrictC90, !cacheable.countsBytes,
      !cacheable.compilation.keyArguments.contains(where: Self.hidesHeaders),
      // clang names the lists that its sanitizers read only when it is asked for all files.
      cacheable.compiler.family == .gcc || !Self.sanitizes(cacheable),
      let builtIn = builtInSearch(cacheable)
    else { return nil }
    let search = searchPath(cacheable, builtIn.directories)
    // A header map of clang stands where a directory would.
    if (search.quote + search.angled).contains(where: { isFile($0, cacheable) }) { return nil }
    var closure = HeaderClosure(
      search: search,
      userDirectories: userDirectories(cacheable), limit: Manifest.maximumFilesPerResult,
      identity: { identity(ofDirectory: $0, cacheable) },
      isFile: { self.isFile($0, cacheable) },
      facts: { [files] in
        files.record(cacheable.absolute($0)).current()?.facts
      })
    guard
      let found = closure.files(
        source: cacheable.compilation.input, implicit: builtIn.implicitIncludes,
        forced: cacheable.compilation.search.forced, lookups: implicitLookups(cacheable)),
      // What the compiler did list shows whether we look where it looked.
      listed.allSatisfy(closure.contains)
    else { return nil }
    let unlisted = found.filter { !closure.listsIncludes(of: $0) }
    return (found, Set(unlisted.map { ExactText.plain($0) }))
  }

  /// Options by which headers are found or read in ways of their own: modules, precompiled headers,
  /// frameworks, whatever is passed on.
  private static func hidesHeaders(_ argument: String) -> Bool {
    [
      "-fmodule", "-fimplicit-module", "-fprebuilt", "-include-pch", "-fpch", "-F", "-iframework",
      "-X", "-Wp,", "-I-", "-fms-", "-ivfs", "-fplugin", "-wrapper", "-specs", "--specs",
      "--config",
      "-trigraphs", "-traditional", "--system-header-prefix",
    ].contains(where: argument.hasPrefix)
  }
}
