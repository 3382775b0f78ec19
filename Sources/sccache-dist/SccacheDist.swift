import ArgumentParser
import Glibc

/// The farm: `auth` makes keys and tokens, `scheduler` assigns jobs, `server` compiles them.
struct SccacheDist: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sccache-dist",
    abstract: "The scheduler and the build servers of sccache's compile farm.",
    version: "sccache 0.16.0",
    subcommands: [AuthCommand.self, SchedulerCommand.self, ServerCommand.self])

  func run() async throws {
    throw CommandFailure(
      message: "what is to be done? auth, scheduler or server; --help tells about them")
  }
}

/// What a person has to know when a command can't do its work.
struct CommandFailure: Error {
  var message: String
  var causes: [String] = []

  /// As Mozilla's program prints its errors.
  var text: String {
    (["error: " + message] + causes.map { "caused by: " + $0 })
      .map { "sccache-dist: \($0)\n" }.joined()
  }
}

@main
enum Program {
  /// Mozilla's exit code for whatever goes wrong; the parsing library has another.
  private static let failed: Int32 = 2

  static func main() async {
    do {
      var command = try SccacheDist.parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      say(failure.text, on: 2)
      exit(failed)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      let isAnswer = SccacheDist.exitCode(for: error).isSuccess
      say(SccacheDist.fullMessage(for: error) + "\n", on: isAnswer ? 1 : 2)
      exit(isAnswer ? 0 : failed)
    }
  }

  private static func say(_ text: String, on stream: Int32) {
    let bytes = Array(text.utf8)
    _ = write(stream, bytes, bytes.count)
  }
}
