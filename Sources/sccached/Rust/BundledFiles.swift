import CacheKey
import Compilers
import Platform

/// What stands in a static library or an rlib that rustc made, and where it came from. No list of rustc's
/// names these files: an attribute of the source can have a native library taken in, and a `staticlib` holds
/// all crates that it is made of.
struct BundledFiles {
  private let crate: CacheableCrate

  init(_ crate: CacheableCrate) {
    self.crate = crate
  }

  /// The crates that were taken in, which the key does not have.
  func files() throws(NotStored) -> [String] {
    var found: [String] = []
    for output in crate.outputs where output.name == "rlib" || output.name == "a" {
      found += try files(of: output)
    }
    return found
  }

  private func files(of output: Output) throws(NotStored) -> [String] {
    guard let names = ArchiveMembers.names(of: crate.absolute(output.path)) else {
      throw NotStored(text: "a library that was made can't be read")
    }
    var crates: Set<String> = []
    var natives: Set<String> = []
    for name in names {
      if name.hasPrefix("lib.rmeta") || name == "rust.metadata.bin" { continue }
      if name.hasSuffix(".rcgu.o") || name.hasSuffix(".rcgu.dwo") {
        // CRATE-HASH.….rcgu.o
        crates.insert(String(name.prefix { $0 != "." }))
      } else {
        natives.insert(name)
      }
    }
    crates.remove(ownStem)
    let libraries = try crates.sorted().map { (stem) throws(NotStored) in try library(of: stem) }
    if !natives.isEmpty { try explain(natives, by: libraries) }
    return libraries.filter { !$0.hasPrefix(crate.toolchain.sysroot + "/lib/") }
  }

  private var ownStem: String {
    let name = Path.name(of: crate.outputs.first { $0.name == "d" }?.path ?? "")
    return name.hasSuffix(".d") ? String(name.dropLast(2)) : name
  }

  private func library(of stem: String) throws(NotStored) -> String {
    let name = "lib\(stem).rlib"
    let named = crate.compilation.externs.compactMap(\.path).first { Path.name(of: $0) == name }
    let searched = (crate.compilation.crateDirectories + [crate.toolchain.standardLibrary]).map {
      Path.join($0, name)
    }
    guard
      let path = ([named].compactMap { $0 } + searched).first(where: {
        FileStamp(path: crate.absolute($0)) != nil
      })
    else { throw NotStored(text: "a crate that was taken in can't be found") }
    return path
  }

  /// Every object that no rustc made must come from a library that is known.
  private func explain(
    _ natives: Set<String>, by libraries: [String]
  ) throws(NotStored) {
    var unexplained = natives
    let declared = crate.compilation.staticLibraries.flatMap(crate.compilation.places)
    for path in declared + libraries {
      if unexplained.isEmpty { break }
      unexplained.subtract(ArchiveMembers.names(of: crate.absolute(path)) ?? [])
    }
    if !unexplained.isEmpty {
      throw NotStored(text: "a native library that only the source names")
    }
  }
}
