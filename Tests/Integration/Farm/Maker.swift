import Glibc
import Platform

/// Whose program plays a part in a farm.
enum Maker: String, CaseIterable, Sendable, CustomStringConvertible {
  case ours
  /// Version 0.16.0, as Python's package index has it.
  case mozilla = "Mozilla's"

  var description: String { rawValue }

  /// The path of `sccache` or `sccache-dist`.
  func program(_ name: String) throws -> String {
    let directory = self == .ours ? Programs.directory : Self.peers
    let path = "\(directory)/\(name)"
    guard access(path, X_OK) == 0 else { throw Missing(maker: self, path: path) }
    return path
  }

  /// Where `scripts/support/install-peers` puts them.
  private static let peers: String = {
    var root = #filePath
    for _ in 0..<4 { root = Path.directory(of: root) }
    return root + "/.build/peers/bin"
  }()

  struct Missing: Error, CustomStringConvertible {
    var maker: Maker
    var path: String
    var description: String {
      switch maker {
      case .ours: "\(path) is missing: run swift build"
      case .mozilla: "\(path) is missing: run scripts/support/install-peers sccache"
      }
    }
  }
}
