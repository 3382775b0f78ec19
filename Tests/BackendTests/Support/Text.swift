import Platform
import TestSupport

extension String {
  /// A whole file.
  init(contentsOf path: String) throws { self.init(decoding: try Files.read(path), as: UTF8.self) }
}

extension TestServer {
  /// Everything that it printed.
  var log: String { (try? String(contentsOf: process.log)) ?? "" }
}

func realSeconds() -> Int64 { Clock.now / 1_000_000_000 }
