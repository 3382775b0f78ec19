// Shared as source with the runner; see ExtractionFailure.swift.
import CPosix

/// Where a path leads in a job's root, by the symbolic links of its toolchain (`lib` → `/usr/lib`). The
/// tree is read-only, so an answer stays true. What the job or its inputs make of the same names doesn't
/// count: the upper layer is always entered without following links.
struct Resolution {
  /// The toolchain's root.
  let tree: Int32
  /// Directories of every job's own; what the toolchain has of these names is hidden by them.
  static var mountPoints: [StaticString] { ["dev", "proc", "tmp"] }
  /// As the kernel's own bound on links in one path.
  static let mostLinks = 40

  /// The path's components without links, `.` and `..`; never above the root.
  func resolve(
    _ path: [[UInt8]], limits: ExtractionLimits
  ) throws(ExtractionFailure) -> [[UInt8]] {
    var done: [[UInt8]] = []
    var rest = Array(path.reversed())
    var links = 0
    while let component = rest.popLast() {
      if EntryPath.isParent(component) {
        _ = done.popLast()
        continue
      }
      done.append(component)
      guard let target = target(of: done) else { continue }
      links += 1
      guard links <= Self.mostLinks else {
        throw ExtractionFailure(.trailing, EntryPath.joined(path))
      }
      if target.first == EntryPath.slash { done = [] } else { _ = done.popLast() }
      rest += try EntryPath.split(target, limits).reversed()
    }
    guard done.count <= limits.depth else {
      throw ExtractionFailure(.depth, EntryPath.joined(path))
    }
    return done
  }

  private static func isMountPoint(_ name: [UInt8]) -> Bool {
    for point in mountPoints {
      let bytes = UnsafeBufferPointer(start: point.utf8Start, count: point.utf8CodeUnitCount)
      if name.elementsEqual(bytes) { return true }
    }
    return false
  }

  /// Nil when there is nothing, or something else than a symbolic link.
  private func target(of components: [[UInt8]]) -> [UInt8]? {
    if components.count == 1, Self.isMountPoint(components[0]) { return nil }
    let path = terminated(EntryPath.joined(components))
    let target = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
      filled = 0
      buffer.withMemoryRebound(to: CChar.self) { room in
        guard let start = room.baseAddress else { return }
        let count = readlinkat(tree, path, start, room.count)
        if count > 0 { filled = count }
      }
    }
    return target.isEmpty ? nil : target
  }
}
