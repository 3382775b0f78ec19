import Platform

/// What a build server sends back, and what of it is believed.
struct JobResults {
  let server: SocketAddress
  /// The paths that the job asked for.
  let asked: [String]
  /// Bytes of all outputs together.
  let limit: Int
  /// Whether a success that printed something is one.
  var mayPrint = false

  /// What a compilation gave that succeeded.
  func result(of answer: RunJobAnswer) throws(FarmFailure) -> FarmClient.Result {
    guard case .complete(let output, let outputs) = answer else { throw unknownJob }
    guard output.exitCode == 0 else { throw .notClean }
    let found = try collect(outputs.map(\.path)) { (index, limit) throws(FarmFailure) in
      do throws(OutputData.Fault) {
        return try outputs[index].data.contents(limit: limit)
      } catch {
        throw damaged(outputs[index].path, "\(error)")
      }
    }
    return try result(found, output.standardOutput, output.standardError)
  }

  private func result(
    _ outputs: [String: [UInt8]], _ standardOutput: ArraySlice<UInt8>,
    _ standardError: ArraySlice<UInt8>
  ) throws(FarmFailure) -> FarmClient.Result {
    guard mayPrint || standardOutput.isEmpty && standardError.isEmpty else { throw .notClean }
    return FarmClient.Result(
      server: server, outputs: outputs, standardOutput: Array(standardOutput),
      standardError: Array(standardError))
  }

  /// The same in form 1.
  func result(of answer: CheckedJobAnswer) throws(FarmFailure) -> FarmClient.Result {
    guard case .ended(let end, let standardOutput, let standardError, let outputs) = answer else {
      throw unknownJob
    }
    switch end {
    case .exited(0): break
    case .exited: throw .notClean
    case .killed(let signal): throw .killed("\(server): by signal \(signal)")
    case .refused(let reason): throw .refused("\(server): \(shown(reason))")
    case .lost(let reason): throw .serverFailed("\(server): \(shown(reason))")
    }
    let found = try collect(outputs.map(\.path)) { (index, limit) throws(FarmFailure) in
      do throws(CheckedOutput.Fault) {
        return try outputs[index].contents(limit: limit)
      } catch {
        throw damaged(outputs[index].path, "\(error)")
      }
    }
    return try result(found, standardOutput, standardError)
  }

  /// Only what was asked for, once each.
  private func collect(
    _ paths: [String], _ contents: (_ index: Int, _ limit: Int) throws(FarmFailure) -> [UInt8]
  ) throws(FarmFailure) -> [String: [UInt8]] {
    var collected: [String: [UInt8]] = [:]
    var left = limit
    for (index, path) in paths.enumerated() {
      guard asked.contains(path), collected[path] == nil else {
        throw .badResult("\(server): a file came that was not asked for: \(shown(path))")
      }
      let bytes = try contents(index, left)
      left -= bytes.count
      collected[path] = bytes
    }
    return collected
  }

  private var unknownJob: FarmFailure { .serverFailed("\(server) doesn't know the job any more") }

  private func damaged(_ path: String, _ fault: String) -> FarmFailure {
    .badResult("\(server): \(path) is not as it was announced: \(fault)")
  }

  /// A server's words.
  private func shown(_ text: String) -> String { OneLine.of(text, limit: 300) }
}
