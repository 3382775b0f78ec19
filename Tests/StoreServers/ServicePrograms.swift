import Platform
import TestSupport

/// Programs from Python's package index, which `scripts/support/test-services` installs.
package enum ServicePrograms {
  /// A program in the virtual environment of a service.
  package static func path(_ service: String, _ program: String) -> String {
    root + "/.build/services/\(service)/bin/\(program)"
  }

  /// The name of the command that installs it.
  package static func installation(of service: String) -> String {
    "run scripts/support/test-services \(service)"
  }

  static func stub(_ name: String) -> String { root + "/Tests/StoreServers/Stubs/\(name)" }

  private static let root: String = {
    var root = #filePath
    for _ in 0..<3 { root = Path.directory(of: root) }
    return root
  }()
}

extension TestServer {
  /// Starts a stub of `Stubs`, with the libraries of a service or with Python's own alone. Its arguments
  /// are the port, its directory, and `more`.
  package static func stub(
    _ name: String, service: String? = nil, _ more: [String] = []
  ) throws -> TestServer {
    try TestServer(
      service.map { ServicePrograms.path($0, "python3") } ?? "python3",
      package: service.map(ServicePrograms.installation) ?? "apt-get install python3"
    ) { port, directory in
      ["-B", ServicePrograms.stub(name), "\(port)", directory.path] + more
    }
  }
}
