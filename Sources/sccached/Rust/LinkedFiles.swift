import CacheKey
import Compilers
import Glibc
import Platform
import Synchronization

/// The files that the linker read for a crate, by its own list.
struct LinkedFiles {
  private let crate: CacheableCrate
  /// Where the linker puts its list.
  let list: String

  private static let sequence = Atomic<Int>(0)

  init(_ crate: CacheableCrate, runtimeDirectory: String) {
    self.crate = crate
    let number = Self.sequence.wrappingAdd(1, ordering: .relaxed).newValue
    list = "\(runtimeDirectory)/linked-\(getpid())-\(number)"
  }

  /// In front of the caller's. Such arguments are no part of what rustc makes: they go to the linker as they
  /// are.
  var addedArguments: [String] { ["-C", "link-arg=-Wl,--dependency-file=\(list)"] }

  func discard() { unlink(list) }

  /// What of the list is an input from outside: neither what rustc made for the linker, nor a part of the
  /// toolchain, which the key has.
  func files() throws(NotStored) -> [String] {
    guard let bytes = try? Files.read(list, limit: 64 << 20),
      let listed = MakeDependencies.prerequisites(in: bytes), !listed.isEmpty
    else { throw NotStored(text: "the linker's list of files can't be read") }
    var found: [String] = []
    for path in listed {
      if crate.toolchain.directories.contains(Path.directory(of: path)) { continue }
      if path.hasSuffix(".rcgu.o") { continue }
      guard isTemporary(path) else {
        found.append(path)
        continue
      }
      // A crate of which rustc left something out: it is the whole one that counts.
      if path.hasSuffix(".rlib") || path.hasSuffix(".a") { found.append(try original(of: path)) }
    }
    return found
  }

  /// In a directory of rustc's own, which is gone.
  private func isTemporary(_ path: String) -> Bool {
    let directory = Path.directory(of: path)
    return Path.name(of: directory).hasPrefix("rustc") && FileStamp(path: directory) == nil
  }

  private func original(of path: String) throws(NotStored) -> String {
    let name = Path.name(of: path)
    let places =
      crate.compilation.crateDirectories + crate.compilation.nativeDirectories
      + [crate.toolchain.standardLibrary]
    for place in places {
      let candidate = Path.join(crate.absolute(place), name)
      if FileStamp(path: candidate) != nil { return candidate }
    }
    throw NotStored(text: "a crate that was linked can't be found")
  }

  /// What must stay away for the linker to find the same files again.
  func expected(_ files: [String]) -> [ExpectedNames] {
    let named = crate.compilation.nativeDirectories + crate.compilation.crateDirectories
    let search = LinkSearch(
      named.map(crate.absolute) + (crate.linker?.searchDirectories ?? []).map(crate.absolute))
    return search.absences(finding: files.map(crate.absolute)).map {
      ExpectedNames(directory: crate.places.stored($0.directory), absent: $0.names)
    }
  }
}
