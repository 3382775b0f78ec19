import CacheKey
import Compilers
import CPosix
import Glibc
import Platform
import Storage

/// A copy of what a compilation wrote, safe from whatever the build does next.
struct OutputCopy {
  private let output: Output
  /// Absolute.
  private let path: String
  private let store: TieredStore
  /// Larger outputs are copied to a file instead of into memory.
  private static let memoryLimit = 256 << 10

  init(output: Output, path: String, _ store: TieredStore) {
    self.output = output
    self.path = path
    self.store = store
  }

  /// Nil when the run has not written it, and need not have.
  ///
  /// - Parameter startStamp: what is older was not written by this run.
  func content(since startStamp: Int64) throws(NotStored) -> MemberContent? {
    do throws(SystemError) {
      let file = try Descriptor.open(path, O_RDONLY)
      let stamp = try file.stamp(path: path)
      // A file that an earlier run left is not this one's.
      if stamp.latest < startStamp, !output.isRequired { return nil }
      let hasContent = stamp.size > 0 || !output.isRequired || output.mayBeEmpty
      guard stamp.isRegular, stamp.latest >= startStamp, hasContent else {
        throw SystemError("take", path, code: EINVAL)
      }
      if stamp.size <= Self.memoryLimit {
        return .bytes(try file.readAll(path: path))
      }
      return .file(try copyToFile(file, size: Int(stamp.size)))
    } catch {
      if error.code == ENOENT, !output.isRequired { return nil }
      throw NotStored(text: "an output is missing: \(output.name)")
    }
  }

  private func copyToFile(
    _ source: borrowing Descriptor, size: Int
  ) throws(SystemError) -> TemporaryFile {
    let target: Descriptor
    do throws(StoreError) {
      target = try store.scratch.temporaryFile()
    } catch {
      if case .system(let error) = error { throw error }
      throw SystemError("copy", path, code: EIO)
    }
    try Files.copy(from: source, at: 0, count: size, to: target, path: path)
    return TemporaryFile(descriptor: target, size: size)
  }
}
