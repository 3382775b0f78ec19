extension StatisticsReport {
  /// The text of `--show-stats`, byte for byte Mozilla's as far as Mozilla's goes; `advanced` breaks
  /// lookups down by exact language and compiler. Ends with a newline.
  func text(advanced: Bool) -> String {
    var table = TextTable()
    addRequestRows(&table, advanced: advanced)
    addRunRows(&table, advanced: advanced)
    addLevelRows(&table)
    var text = table.lines()
    addNameLists(&text, table)
    addSettings(&text, table)
    addExtra(&text, table)
    return text
  }

  private func addRequestRows(_ table: inout TextTable, advanced: Bool) {
    table.add("Compile requests", statistics.compileRequests)
    table.add("Compile requests executed", statistics.requestsExecuted)
    table.add("Cache hits", statistics.cacheHits, advanced: advanced)
    table.add("Cache misses", statistics.cacheMisses, advanced: advanced)
    table.addRate(
      "Cache hits rate", hits: statistics.cacheHits.total, misses: statistics.cacheMisses.total)
    let hits = advanced ? statistics.cacheHits.advanced : statistics.cacheHits.counts
    let misses = advanced ? statistics.cacheMisses.advanced : statistics.cacheMisses.counts
    let names = Set(hits.counts.keys).union(misses.counts.keys)
    for name in names.sorted(by: Tally.precedes) {
      table.addRate("Cache hits rate (\(name))", hits: hits[name], misses: misses[name])
    }
    table.add("Cache timeouts", statistics.cacheTimeouts)
    table.add("Cache read errors", statistics.cacheReadErrors)
    table.add("Forced recaches", statistics.forcedRecaches)
    table.add("Cache write errors", statistics.cacheWriteErrors)
    table.add("Cache errors", statistics.cacheErrors, advanced: advanced)
  }

  private func addRunRows(_ table: inout TextTable, advanced: Bool) {
    table.add("Compilations", statistics.compilations)
    table.add("Compilation failures", statistics.compileFails)
    table.add("Non-cacheable compilations", statistics.nonCacheableCompilations)
    table.add("Non-cacheable calls", statistics.requestsNotCacheable)
    table.add("Non-compilation calls", statistics.requestsNotCompile)
    table.add("Unsupported compiler calls", statistics.requestsUnsupportedCompiler)
    table.addAverage(
      "Average cache write", statistics.cacheWriteDuration, over: statistics.cacheWrites)
    table.addAverage(
      "Average compiler", statistics.compilerWriteDuration, over: statistics.compilations)
    table.addAverage(
      "Average cache read hit", statistics.cacheReadHitDuration, over: statistics.cacheHits.total)
    table.add("Failed distributed compilations", statistics.distErrors)
  }

  private func addLevelRows(_ table: inout TextTable) {
    guard let levels, !levels.isEmpty else { return }
    table.add("Multi-level cache levels", UInt64(levels.count))
    for level in levels {
      let name = "  " + level.name
      table.add(name + " hits", level.hits)
      table.add(name + " misses", level.misses)
      table.addRate(name + " hit rate", hits: level.hits, misses: level.misses)
      table.add(name + " writes", level.writes)
      table.add(name + " write failures", level.writeFailures)
      table.add(name + " backfills from", level.backfillsFrom)
      table.add(name + " backfills to", level.backfillsTo)
      table.addAverage(name + " avg cache write", level.writeDuration, over: level.writes)
      table.addAverage(name + " avg cache read hit", level.hitDuration, over: level.hits)
    }
  }

  /// Build servers and reasons: lists that take the table's widths but do not widen it.
  private func addNameLists(_ text: inout String, _ table: TextTable) {
    if !statistics.distCompiles.isEmpty {
      text += "\nSuccessful distributed compiles\n"
      for (server, count) in statistics.distCompiles.byCount {
        text += table.line("  " + server, String(count)) + "\n"
      }
    }
    if !statistics.notCached.isEmpty {
      text += "\nNon-cacheable reasons:\n"
      for (reason, count) in statistics.notCached.byCount {
        text += table.line(reason, String(count)) + "\n"
      }
      text += "\n"
    }
  }

  private func addSettings(_ text: inout String, _ table: TextTable) {
    func add(_ name: String, _ value: String) {
      text += table.padded(name) + " " + value + "\n"
    }
    add("Cache location", cacheLocation)
    for level in levels ?? [] { add("  " + level.name, level.location) }
    add(
      "Base directories",
      baseDirectories.isEmpty ? "(none)" : baseDirectories.joined(separator: ", "))
    if cacheLocation.hasPrefix(StatisticsReport.localDiskPrefix) {
      add("Use direct/preprocessor mode?", usesPreprocessorCacheMode ? "yes" : "no")
    }
    add("Version (client)", version)
    for (name, size) in [("Cache size", cacheSize), ("Max cache size", maxCacheSize)] {
      guard let size else { continue }
      let (number, unit) = TextTable.binarySize(size)
      text += table.line(name, String(number)) + " " + unit + "\n"
    }
  }

  /// Our own counters, those that are not zero, under a heading of their own.
  private func addExtra(_ text: inout String, _ table: TextTable) {
    var lines: [String] = []
    for field in Statistics.extraFields {
      switch field.path {
      case .counter(let path):
        let count = statistics[keyPath: path]
        if count > 0 { lines.append(table.line(field.label, String(count))) }
      case .tally(let path):
        for (name, count) in statistics[keyPath: path].byCount {
          lines.append(table.line("\(field.label) (\(name))", String(count)))
        }
      case .time, .languages: continue
      }
    }
    for remote in remotes { addState(remote, &lines, table) }
    guard !lines.isEmpty else { return }
    text += "\nBeyond the original:\n"
    for line in lines { text += line + "\n" }
  }

  private func addState(_ remote: RemoteState, _ lines: inout [String], _ table: TextTable) {
    for (label, count) in [
      ("results on their way", remote.waiting), ("failed lookups", remote.readFailures),
      ("lookups left out", remote.skipped), ("results dropped", remote.dropped),
      ("slower than compiling", remote.slowerThanCompiling),
    ] where count > 0 {
      lines.append(table.line("\(remote.name): \(label)", String(count)))
    }
    lines.append(table.padded("\(remote.name): state") + " " + (remote.trouble ?? "in use"))
  }
}
