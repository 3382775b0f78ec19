import CPosix
import Glibc
import Platform
import Wire

/// `sccached`: the daemon, and every mode of the command line but compiling.
@main
enum Sccached {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments == [DaemonProcess.argument] {
      exit(DaemonProcess.serve(reportingReadiness: true))
    }
    switch parseCommandLine(arguments, environment: ProcessEnvironment.value) {
    case .success(let mode):
      exit(Modes.run(mode))
    case .failure(let failure):
      Terminal.write(failure.text, to: failure.stream == .standardOutput ? 1 : 2)
      exit(failure.exitCode)
    }
  }
}

/// This process's own environment.
enum ProcessEnvironment {
  static func value(_ name: String) -> String? {
    getenv(name).flatMap { String(validatingCString: $0) }
  }

  /// Variables that are UTF-8.
  static var all: [String: String] {
    var result: [String: String] = [:]
    for variable in variables {
      guard let text = String(validating: variable, as: UTF8.self),
        let equals = text.firstIndex(of: "=")
      else { continue }
      result[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return result
  }

  /// `NAME=value` each.
  static var variables: [[UInt8]] {
    var result: [[UInt8]] = []
    var next = cposix_environ()
    while let variable = next?.pointee {
      let count = strlen(variable)
      result.append(
        variable.withMemoryRebound(to: UInt8.self, capacity: count) {
          Array(UnsafeBufferPointer(start: $0, count: count))
        })
      next = next?.advanced(by: 1)
    }
    return result
  }
}

/// Where messages for people go.
enum Terminal {
  static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// An error and its causes, as Mozilla's sccache prints them.
  static func fail(_ message: String, causes: [String] = []) -> Int32 {
    var text = "sccache: error: \(message)\n"
    for cause in causes { text += "sccache: caused by: \(cause)\n" }
    write(text, to: 2)
    return 2
  }
}
