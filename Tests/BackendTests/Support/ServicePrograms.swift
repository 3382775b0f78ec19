import Glibc
import Platform
import TestSupport

/// Programs from Python's package index, which `scripts/support/test-services` installs, and the stubs that
/// are run with them.
enum ServicePrograms {
  /// A program in the virtual environment of a service.
  static func path(_ service: String, _ program: String) -> String {
    root + "/.build/services/\(service)/bin/\(program)"
  }

  /// The name of the command that installs it.
  static func installation(of service: String) -> String {
    "run scripts/support/test-services \(service)"
  }

  static func stub(_ name: String) -> String { root + "/Tests/BackendTests/Stubs/\(name)" }

  private static let root: String = {
    var root = #filePath
    for _ in 0..<4 { root = Path.directory(of: root) }
    return root
  }()
}

extension TestServer {
  /// A stub of `Tests/BackendTests/Stubs`, which gets a port and a directory of its own.
  static func stub(
    _ name: String, service: String, environment: [String: String] = [:], _ more: [String] = []
  ) throws -> TestServer {
    try TestServer(
      ServicePrograms.path(service, "python"),
      package: ServicePrograms.installation(of: service), environment: environment
    ) { port, directory in
      [ServicePrograms.stub(name), "\(port)", directory.path] + more
    }
  }

  /// The lines of what it printed that have a text in them.
  func lines(with text: String) -> [String] {
    let bytes = (try? Files.read(directory("server.log"))) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter { $0.contains(text) }
  }

  /// Waits for a file that it writes.
  func text(of name: String) throws -> String {
    while access(directory(name), R_OK) != 0, process.isRunning { usleep(10_000) }
    return String(decoding: try Files.read(directory(name)), as: UTF8.self)
  }
}
