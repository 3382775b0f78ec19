import CacheKey
import Platform
import Settings

extension Modes {
  /// `--debug-preprocessor-cache`: every manifest of direct mode, sorted by name.
  static func dumpManifests(_ settings: Settings) -> Int32 {
    let root = settings.disk.directory + "/manifests"
    guard let shards = Files.names(in: root) else {
      return Terminal.fail("no manifests in \(root)", causes: ["nothing was stored there yet"])
    }
    let separator = "=========================\n"
    for shard in shards.sorted() {
      for name in (Files.names(in: "\(root)/\(shard)") ?? []).sorted() {
        let path = "\(root)/\(shard)/\(name)"
        guard let key = Digest(hex: name), let bytes = try? Files.read(path),
          let manifest = try? Manifest(decoding: bytes, key: key)
        else {
          Terminal.write("\(separator)\(path): damaged\n", to: 1)
          continue
        }
        Terminal.write(separator + describe(manifest, path), to: 1)
      }
    }
    return 0
  }

  private static func describe(_ manifest: Manifest, _ path: String) -> String {
    var text = "\(path)\n"
    for result in manifest.results {
      text += "entry \(result.entry)\(result.place == nil ? "" : " (this directory only)")\n"
      for file in result.files { text += "  \(file.exact) \(printable(file.path))\n" }
      for names in result.expected {
        let place = printable(names.directory)
        text += "  absent in \(place): \(names.absent.joined(separator: " "))\n"
        if !names.present.isEmpty {
          text += "  present in \(place): \(names.present.joined(separator: " "))\n"
        }
      }
    }
    return text
  }

  /// The mark of a base directory, made visible.
  private static func printable(_ path: String) -> String {
    path.utf8.first == 1 ? "<base \(path.dropFirst().prefix(1))>" + path.dropFirst(2) : path
  }
}
