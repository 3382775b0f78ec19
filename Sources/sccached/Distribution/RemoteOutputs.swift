import Compilers
import Farm
import Glibc
import Platform

/// Puts what came from the farm where the compiler would have left it.
struct RemoteOutputs<Work: CacheableWork> {
  private let work: Work

  init(_ work: Work) {
    self.work = work
  }

  /// Writes all outputs, or none.
  ///
  /// - Parameter isWhole: whether an output can be what it should be; by default an object file.
  func put(
    _ result: FarmClient.Result, _ outputs: [Output],
    isWhole: (Output, [UInt8]) -> Bool = { _, bytes in ObjectFile.looksWhole(bytes) }
  ) throws(FarmFailure) {
    var pending: [(temporary: String, target: String)] = []
    do throws(FarmFailure) {
      for output in outputs {
        guard let bytes = result.outputs[work.folded(output.path)] else {
          if output.isRequired { throw .badResult("\(output.path) didn't come") }
          continue
        }
        guard isWhole(output, bytes) else {
          throw .badResult("\(output.path) is not what it should be, or not all of it")
        }
        pending.append(try write(bytes, output.path))
      }
      for file in pending {
        unlink(file.target)
        guard rename(file.temporary, file.target) == 0 else {
          throw .badResult("\(file.target) can't be written")
        }
      }
    } catch {
      for file in pending { unlink(file.temporary) }
      throw error
    }
  }

  private func write(
    _ bytes: [UInt8], _ path: String
  ) throws(FarmFailure) -> (temporary: String, target: String) {
    let target = work.absolute(path)
    let temporary = temporaryOutput(in: Path.directory(of: target))
    do throws(SystemError) {
      let file = try Descriptor.open(
        temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: work.outputMode)
      try file.write(bytes, path: temporary)
    } catch {
      unlink(temporary)
      throw .badResult("\(target) can't be written: \(error)")
    }
    return (temporary, target)
  }
}
