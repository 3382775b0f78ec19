/// The arguments that bubblewrap is started with, from `sandbox/wall.policy`.
struct Wall {
  /// The runner's program on the host.
  var runner: String
  /// The directory of unpacked toolchains on the host.
  var toolchains: String
  /// The descriptor on which bubblewrap tells the runner's pid.
  var information: Int32
  /// The descriptor on which bubblewrap waits for its users to be mapped; nil when it maps its own.
  var gate: Int32?

  /// The words of each line; a line whose placeholder has no value is left out.
  var arguments: [String] {
    let values: [String: String] = [
      "{runner}": runner, "{toolchains}": toolchains, "{information}": "\(information)",
      "{gate}": gate.map { "\($0)" } ?? "",
    ]
    var words: [String] = []
    let text = String(decoding: PackageResources.wall_policy, as: UTF8.self)
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      // Replaced after the line is split: a path may contain blanks.
      let filled = line.split(separator: " ").map { values[String($0)] ?? String($0) }
      if !filled.contains("") { words += filled }
    }
    return words
  }
}
