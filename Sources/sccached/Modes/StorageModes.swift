import Glibc
import Platform
import Settings
import Storage

extension Modes {
  /// `--ping-storage`: what works at each level. Asks with the settings of this process; no daemon is
  /// needed.
  static func pingStorage(_ settings: Settings) -> Int32 {
    let store: TieredStore
    do throws(BackendProblem) {
      store = try TieredStore(settings, umask: 0o077, variable: { ProcessEnvironment.value($0) })
    } catch {
      return Terminal.fail(error.description)
    }
    var isGood = true
    for (index, level) in store.levels.enumerated() {
      let started = Clock.monotonic
      let problems = ping(level)
      let time = (Clock.monotonic - started) / 1_000_000
      let name = "L\(index) (\(level.name)), \(store.location(of: level))"
      if problems.isEmpty {
        Terminal.write(
          "\(name): good, \(isReadOnly(level) ? "read only, " : "")\(time) ms\n", to: 1)
      } else {
        isGood = false
        for problem in problems { Terminal.write("\(name): \(problem)\n", to: 1) }
      }
    }
    return isGood ? 0 : 1
  }

  private static func isReadOnly(_ level: TieredStore.Level) -> Bool {
    switch level {
    case .disk(let store): store.options.isReadOnly
    case .remote(let remote): remote.isReadOnly
    }
  }

  private static func ping(_ level: TieredStore.Level) -> [String] {
    switch level {
    case .remote(let remote): return remote.ping()
    case .disk(let store):
      if store.options.isReadOnly {
        return access(store.options.directory, R_OK | X_OK) == 0
          ? [] : ["reading: \(SystemError("read", store.options.directory))"]
      }
      do throws(StoreError) {
        let file = try store.temporaryFile()
        do throws(SystemError) { try file.write([1], path: "a probe") } catch {
          throw .system(error)
        }
        return []
      } catch {
        return ["writing: \(error)"]
      }
    }
  }

  /// `--clear` and `--evict-older-than`: of the cache on this disk; remote stores have rules of their own
  /// for what is old, and others use them.
  ///
  /// - Parameter unusedForSeconds: nil: everything goes.
  static func removeEntries(_ settings: Settings, unusedForSeconds: Int?) -> Int32 {
    let store = LocalStore(
      LocalStore.Options(
        directory: settings.disk.directory, sizeLimit: settings.disk.sizeLimit,
        isReadOnly: settings.disk.mode == .readOnly, zstdLevel: nil, umask: 0o077))
    let moment = unusedForSeconds.map { Clock.now - Int64($0) * 1_000_000_000 } ?? .max
    guard FileStamp(path: settings.disk.directory) != nil else {
      Terminal.write("nothing to remove: \(settings.disk.directory) is not there\n", to: 1)
      return 0
    }
    guard let removed = store.remove(unusedSince: moment) else {
      return Terminal.fail(
        "nothing was removed: the cache in \(settings.disk.directory) can't be written")
    }
    Terminal.write(
      "removed \(removed.files) files, \(removed.bytes) bytes, from \(settings.disk.directory)\n",
      to: 1)
    return 0
  }
}
