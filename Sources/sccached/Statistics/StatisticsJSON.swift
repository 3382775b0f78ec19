import Platform

extension StatisticsReport {
  /// The line of `--stats-format json`: Mozilla's keys in Mozilla's order, then `extra`. No newline
  /// at the end. Names inside a map are sorted, where Mozilla's stand in no order.
  func json() -> String {
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("stats")
      writer.object { writer in
        for field in Statistics.fields { writer.write(field, of: statistics) }
        writer.key("multi_level")
        writer.write(levels)
      }
      writer.key("cache_location")
      writer.string(cacheLocation)
      writer.key("cache_size")
      writer.write(cacheSize)
      writer.key("max_cache_size")
      writer.write(maxCacheSize)
      writer.key("use_preprocessor_cache_mode")
      writer.bool(usesPreprocessorCacheMode)
      writer.key("version")
      writer.string(version)
      writer.key("basedirs")
      writer.array { writer in for directory in baseDirectories { writer.string(directory) } }
      writer.key("extra")
      writer.object { writer in
        for field in Statistics.extraFields { writer.write(field, of: statistics) }
        writer.key("remote_stores")
        writer.array { writer in for remote in remotes { writer.write(remote) } }
      }
    }
    return writer.text
  }
}

extension JSONWriter {
  fileprivate mutating func write(_ field: Statistics.Field, of statistics: Statistics) {
    key(field.key)
    switch field.path {
    case .counter(let path): number(statistics[keyPath: path])
    case .time(let path): write(statistics[keyPath: path])
    case .tally(let path): write(statistics[keyPath: path])
    case .languages(let path):
      object { writer in
        writer.key("counts")
        writer.write(statistics[keyPath: path].counts)
        writer.key("adv_counts")
        writer.write(statistics[keyPath: path].advanced)
      }
    }
  }

  private mutating func write(_ tally: Tally) {
    object { writer in
      for (name, count) in tally.byName {
        writer.key(name)
        writer.number(count)
      }
    }
  }

  private mutating func write(_ time: TotalTime) {
    object { writer in
      writer.key("secs")
      writer.number(time.seconds)
      writer.key("nanos")
      writer.number(time.subsecondNanoseconds)
    }
  }

  fileprivate mutating func write(_ size: UInt64?) {
    if let size { number(size) } else { null() }
  }

  fileprivate mutating func write(_ levels: [LevelStatistics]?) {
    guard let levels else { return null() }
    array { writer in for level in levels { writer.write(level) } }
  }

  fileprivate mutating func write(_ remote: RemoteState) {
    object { writer in
      writer.key("name")
      writer.string(remote.name)
      writer.key("trouble")
      if let trouble = remote.trouble { writer.string(trouble) } else { writer.null() }
      for (name, count) in [
        ("waiting", remote.waiting), ("read_failures", remote.readFailures),
        ("skipped", remote.skipped), ("dropped", remote.dropped),
        ("slower_than_compiling", remote.slowerThanCompiling),
      ] {
        writer.key(name)
        writer.number(count)
      }
    }
  }

  private mutating func write(_ level: LevelStatistics) {
    object { writer in
      writer.key("name")
      writer.string(level.name)
      writer.key("location")
      writer.string(level.location)
      for (name, count) in [
        ("hits", level.hits), ("misses", level.misses), ("writes", level.writes),
        ("write_failures", level.writeFailures), ("backfills_from", level.backfillsFrom),
        ("backfills_to", level.backfillsTo),
      ] {
        writer.key(name)
        writer.number(count)
      }
      writer.key("hit_duration")
      writer.write(level.hitDuration)
      writer.key("write_duration")
      writer.write(level.writeDuration)
    }
  }
}
