import CacheKey
import Compilers
import Platform

/// What the sources of a crate rely on without rustc listing it.
struct CrateSources {
  private let crate: CacheableCrate
  /// As rustc names them, the crate's root first.
  private let files: [String]
  private static let largest = 16 << 20

  init(_ crate: CacheableCrate, files: [String]) {
    self.crate = crate
    self.files = files.filter { $0.hasSuffix(".rs") }
  }

  /// `mod m;` is `m.rs` or `m/mod.rs`, and an error where both are there.
  func expected() -> [ExpectedNames] {
    var absent: [String: Set<String>] = [:]
    for path in files.dropFirst() {
      let directory = Path.directory(of: path)
      let name = Path.name(of: path)
      if name == "mod.rs" {
        let module = Path.name(of: directory)
        absent[Path.directory(of: directory), default: []].insert("\(module).rs")
        continue
      }
      let module = String(name.dropLast(3))
      let own = Path.join(directory, module)
      if FileStamp(path: crate.absolute(own)) == nil {
        absent[directory, default: []].insert(module)
      } else {
        absent[own, default: []].insert("mod.rs")
      }
    }
    return absent.sorted { $0.key < $1.key }.map { directory, names in
      ExpectedNames(
        directory: crate.places.stored(directory),
        absent: names.sorted().filter {
          FileStamp.ofLink(path: crate.absolute(Path.join(directory, $0))) == nil
        })
    }
  }

  /// A crate that only the source names is found in a directory, and no list tells which one it was.
  func checkCrates() throws(NotStored) {
    guard crate.compilation.looksForCrates else { return }
    var known: Set<String> = ["self", "std", "core", "alloc", "proc_macro", "test"]
    for extern in crate.compilation.externs {
      known.insert(extern.name.split(separator: ":").last.map(String.init) ?? extern.name)
    }
    for path in files {
      guard let bytes = try? Files.read(crate.absolute(path), limit: Self.largest) else {
        throw NotStored(text: "a file that was read is gone")
      }
      guard Self.externCrates(in: bytes).isSubset(of: known) else {
        throw NotStored(text: "a crate that only the source names")
      }
    }
  }

  /// The names behind `extern crate`.
  static func externCrates(in source: [UInt8]) -> Set<String> {
    guard source.contains(bytes: Array("extern".utf8)) else { return [] }
    let words = source.split { byte in
      !(byte >= 0x80 || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
        || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte))
    }
    var names: Set<String> = []
    for index in words.indices.dropLast(2)
    where words[index].elementsEqual("extern".utf8)
      && words[index + 1].elementsEqual("crate".utf8)
    {
      names.insert(String(decoding: words[index + 2], as: UTF8.self))
    }
    return names
  }
}
