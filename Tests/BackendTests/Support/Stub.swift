import TestSupport

/// Stubs of stores that are written in Python, in `Stubs`.
enum Stub {
  /// Where the project is.
  static let root: String = {
    let parts = #filePath.split(separator: "/").dropLast(4)
    return "/" + parts.joined(separator: "/")
  }()

  /// Starts `Stubs/NAME-stub.py` with the libraries of `scripts/support/test-services SERVICE`, or with
  /// Python's own alone. Its arguments are the port, its directory, and `arguments`.
  static func start(
    _ name: String, service: String? = nil, _ arguments: [String] = []
  ) throws -> TestServer {
    try TestServer(
      service.map { program("python3", of: $0) } ?? "python3",
      package: service.map(advice) ?? "apt-get install python3"
    ) { port, directory in
      ["-B", "\(root)/Tests/BackendTests/Stubs/\(name)-stub.py", "\(port)", directory.path]
        + arguments
    }
  }

  static func program(_ name: String, of service: String) -> String {
    "\(root)/.build/services/\(service)/bin/\(name)"
  }

  static func advice(_ service: String) -> String { "run scripts/support/test-services \(service)" }
}
