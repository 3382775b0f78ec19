import ArgumentParser

/// Parts of a farm under load, for `scripts/bench farm`.
@main
struct FarmLoad: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "farm-load",
    abstract: "Measures parts of a farm; scripts/bench farm measures the whole.",
    subcommands: [SchedulerLoad.self, SandboxCost.self])
}
