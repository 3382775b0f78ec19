import Glibc
import Platform
import TestSupport
import Testing

extension TestFarm {
  /// Ends the farm and its client, and looks for what must not remain of them: processes, mounts, cgroups,
  /// temporary files.
  func leavesNothing(
    _ client: Sandbox? = nil, location: SourceLocation = #_sourceLocation
  ) throws {
    let groups = slotGroups
    if let client {
      try? client.stopServer()
      client.killDaemon()
    }
    // The farm's own, as far as they live, end when they are told to.
    let alive = servers.filter(\.isRunning)
    let roots = [root] + (client.map { [$0.root] } ?? [])
    end()
    for server in alive {
      #expect(server.exitCode == 0, "\(server.said.suffix(600))", sourceLocation: location)
    }
    var left: [String] = []
    // What a killed program held is given back a moment later.
    for _ in 0..<100 {
      left = processes(roots) + mounts(roots) + groups.filter { access($0, F_OK) == 0 }
      if left.isEmpty { break }
      pause(milliseconds: 50)
    }
    for directory in roots.map({ $0 + "/tmp" }) {
      left += (Files.names(in: directory) ?? []).map { "\(directory)/\($0)" }
    }
    for index in servers.indices {
      let trees = cacheDirectory(ofServer: index) + "/trees"
      left += (Files.names(in: trees) ?? [])
        .filter { $0.hasPrefix("unfinished") || $0.hasPrefix("removed") }.map { "\(trees)/\($0)" }
    }
    let isClean = left.isEmpty
    #expect(
      isClean, "\(left.count): \(left.prefix(5).joined(separator: ", "))", sourceLocation: location)
  }

  private func isSlotUser(_ pid: pid_t) -> Bool {
    var status = stat()
    // Where a process of /proc is nobody's to look into, its directory is root's; its status says it all.
    guard stat("/proc/\(pid)", &status) == 0,
      let text = try? Files.read("/proc/\(pid)/status"),
      let line = String(decoding: text, as: UTF8.self).split(separator: "\n")
        .first(where: { $0.hasPrefix("Uid:") })
    else { return false }
    let numbers = line.split(separator: "\t").dropFirst().compactMap { UInt32($0) }
    return numbers.contains { users.contains($0) }
  }

  /// Whether a job of this farm runs with this in its arguments, which a NUL separates.
  func isRunning(_ words: String) throws -> Bool {
    Self.pids.contains { pid in
      isSlotUser(pid)
        && String(decoding: (try? Files.read("/proc/\(pid)/cmdline")) ?? [], as: UTF8.self)
          .contains(words)
    }
  }

  /// The directories of the cgroups in which this farm's slots are.
  private var slotGroups: [String] {
    var found: Set<String> = []
    let mounts = String(
      decoding: (try? Files.read("/proc/self/mountinfo")) ?? [], as: UTF8.self)
    let bases = mounts.split(separator: "\n").filter { $0.contains(" - cgroup") }
      .compactMap { $0.split(separator: " ").dropFirst(4).first.map(String.init) }
    for pid in Self.pids where isSlotUser(pid) {
      let text = String(
        decoding: (try? Files.read("/proc/\(pid)/cgroup")) ?? [], as: UTF8.self)
      for line in text.split(separator: "\n") where line.contains("/sccache-dist/") {
        guard let path = line.split(separator: ":").last else { continue }
        for base in bases where access(base + path, F_OK) == 0 { found.insert(base + path) }
      }
    }
    return found.sorted()
  }

  private static var pids: [pid_t] { (Files.names(in: "/proc") ?? []).compactMap { pid_t($0) } }

  /// Those that run as a slot's user, or with a path of this test in their environment or arguments.
  private func processes(_ roots: [String]) -> [String] {
    Self.pids.compactMap { pid in
      guard pid != getpid() else { return nil }
      let words = ["cmdline", "environ"].map {
        String(decoding: (try? Files.read("/proc/\(pid)/\($0)")) ?? [], as: UTF8.self)
      }
      guard
        isSlotUser(pid) || words.contains(where: { word in roots.contains { word.contains($0) } })
      else { return nil }
      let name = words[0].split(separator: "\0").prefix(4).joined(separator: " ")
      return name.isEmpty ? nil : "process \(pid): \(name)"
    }
  }

  private func mounts(_ roots: [String]) -> [String] {
    let text = String(
      decoding: (try? Files.read("/proc/self/mountinfo")) ?? [], as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
      .filter { line in roots.contains { line.contains($0) } }
  }
}
