import Glibc
import Platform
package import TestSupport

/// A server of a store, started for one test and ended with it.
package final class TestServer {
  /// Ends with this value.
  package let process: BackgroundProcess
  /// Of 127.0.0.1.
  package var port: Int { reserved.port }
  /// Its own; what it prints is in server.log.
  package let directory: TemporaryDirectory
  private let reserved: LoopbackPort

  /// Starts a program that stays in the foreground, and waits until it listens.
  ///
  /// - Parameters:
  ///   - package: what to install when it is missing.
  ///   - arguments: made for a free port and the server's own directory.
  package init(
    _ program: String, package: String, environment: [String: String] = [:],
    in directory: TemporaryDirectory = TemporaryDirectory(),
    arguments: (_ port: Int, _ directory: TemporaryDirectory) throws -> [String]
  ) throws {
    let path = try Self.find(program, package: package)
    reserved = try LoopbackPort(listens: false)
    self.directory = directory
    process = try BackgroundProcess(
      path, try arguments(reserved.port, directory),
      environment: ["PATH": Self.searchPath].merging(environment) { $1 },
      log: directory("server.log"))
    var left = 6000
    while process.isRunning, !Self.listens(port), left > 0 {
      usleep(10_000)
      left -= 1
    }
    guard process.isRunning, Self.listens(port) else {
      throw NotStarted(program: program, said: process.said)
    }
  }

  /// Everything that it printed.
  package var log: String { (try? String(contentsOf: process.log)) ?? "" }

  /// The lines of what it printed that have a text in them.
  package func lines(with text: String) -> [String] {
    log.split(separator: "\n").map(String.init).filter { $0.contains(text) }
  }

  /// Waits for a file that it writes.
  package func text(of name: String) throws -> String {
    while access(directory(name), R_OK) != 0, process.isRunning { usleep(10_000) }
    return try String(contentsOf: directory(name))
  }

  struct NotStarted: Error, CustomStringConvertible {
    var program: String
    var said: String
    var description: String { "\(program) does not listen: \(said)" }
  }

  struct Missing: Error, CustomStringConvertible {
    var program: String
    var package: String
    var description: String { "\(program) is missing: \(package)" }
  }

  /// Where programs are found.
  package static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  private static func find(_ program: String, package: String) throws -> String {
    if program.contains("/"), access(program, X_OK) == 0 { return program }
    for directory in searchPath.split(separator: ":") {
      let path = "\(directory)/\(program)"
      if access(path, X_OK) == 0 { return path }
    }
    throw Missing(program: program, package: package)
  }

  /// Whether somebody takes connections at a port of 127.0.0.1.
  package static func listens(_ port: Int) -> Bool {
    guard let connection = connection(to: port) else { return false }
    close(connection)
    return true
  }

  /// A connection to a port of 127.0.0.1, which the caller closes.
  static func connection(to port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(O_CLOEXEC), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isConnected { return descriptor }
    close(descriptor)
    return nil
  }
}

extension String {
  /// A whole file.
  package init(contentsOf path: String) throws {
    self.init(decoding: try Files.read(path), as: UTF8.self)
  }
}
