import Platform

extension RemoteLevel {
  /// Writes, reads and removes a blob of its own.
  ///
  /// - Returns: what does not work, one line each; nothing when all does.
  package func ping() -> [String] {
    var problems: [String] = []
    let text = Array("Hello, World!".utf8)
    do throws(BlobFailure) {
      _ = try service.fetch(.probe, into: Nowhere(), options.deadlines)
    } catch {
      guard case .deniedOrAbsent = error else { return ["reading: \(error)"] }
      // Who writes it knows that it is there; others can't tell.
      if options.isReadOnly {
        return [
          "reading: \(error), or there is no '\(BlobName.probe.path)' and the right to list is missing"
        ]
      }
    }
    guard !options.isReadOnly else { return [] }
    do throws(BlobFailure) {
      try service.store(.probe, .bytes(text), options.deadlines)
    } catch {
      return ["writing: \(error)"]
    }
    let download = Download(.memory, limit: 1 << 20, key: nil)
    do throws(BlobFailure) {
      if try !service.fetch(.probe, into: download, options.deadlines) {
        problems.append("reading: what was just written is not there")
      } else if (try? download.finish(.probe, from: location)) == nil || download.bytes != text {
        problems.append("reading: something else than was just written comes back")
      }
    } catch {
      problems.append("reading: \(error)")
    }
    do throws(BlobFailure) {
      try service.remove(.probe, options.deadlines)
    } catch {
      problems.append("removing: \(error)")
    }
    return problems
  }
}

/// Throws away what comes; a probe is short.
struct Nowhere: BlobSink {
  func take(_ bytes: UnsafeRawBufferPointer) -> Bool { true }
}
