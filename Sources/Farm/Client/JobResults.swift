import Platform

/// What a build server sends back, and what of it is believed.
struct JobResults {
  let server: SocketAddress
  /// The paths that the job asked for.
  let asked: [String]
  /// Bytes of all outputs together.
  let limit: Int

  /// The outputs of a compilation that succeeded in silence.
  func outputs(of answer: RunJobAnswer) throws(FarmFailure) -> [String: [UInt8]] {
    guard case .complete(let output, let outputs) = answer else { throw unknownJob }
    guard output.exitCode == 0, output.standardOutput.isEmpty, output.standardError.isEmpty else {
      throw .notClean
    }
    return try collect(outputs.map(\.path)) { (index, limit) throws(FarmFailure) in
      do throws(OutputData.Fault) {
        return try outputs[index].data.contents(limit: limit)
      } catch {
        throw damaged(outputs[index].path, "\(error)")
      }
    }
  }

  /// The same in form 1.
  func outputs(of answer: CheckedJobAnswer) throws(FarmFailure) -> [String: [UInt8]] {
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
    guard standardOutput.isEmpty, standardError.isEmpty else { throw .notClean }
    return try collect(outputs.map(\.path)) { (index, limit) throws(FarmFailure) in
      do throws(CheckedOutput.Fault) {
        return try outputs[index].contents(limit: limit)
      } catch {
        throw damaged(outputs[index].path, "\(error)")
      }
    }
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
