import ArgumentParser
import Platform

/// The farm: `auth` makes keys and tokens, `scheduler` assigns jobs, `server` compiles them.
@main
struct SccacheDist: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sccache-dist",
    abstract: "The scheduler and the build servers of sccache's compile farm.",
    version: "sccache 0.16.0",
    subcommands: [AuthCommand.self, SchedulerCommand.self, ServerCommand.self])
}

/// What a person has to know when a command can't do its work: printed as the command line of sccache
/// prints its errors, exit code 2.
struct CommandFailure: Error, CustomStringConvertible {
  var message: String
  var causes: [String] = []

  var description: String {
    ([message] + causes.map { "caused by: \($0)" }).joined(separator: "\n")
  }
}
