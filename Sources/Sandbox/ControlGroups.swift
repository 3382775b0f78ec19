import CPosix
import Glibc
import Platform

/// What a slot may use at most, over all its jobs.
package struct SlotLimits: Sendable, Equatable {
  /// Bytes of memory, files of the running job included.
  package var memory = 4 << 30
  /// Processes and threads.
  package var processes = 512
  /// Processor cores; may be a fraction.
  package var cores = 1.0

  package init() {}
}

/// A resource that a cgroup limits.
package enum Resource: String, Sendable, CaseIterable {
  case memory, processes, processor

  /// The kernel's name of the controller.
  var controller: String {
    switch self {
    case .memory: "memory"
    case .processes: "pids"
    case .processor: "cpu"
    }
  }
}

/// The cgroups of a server: `sccache-dist/SERVER/slot-N` in each hierarchy that has a controller we use,
/// in version 1 or 2 as the host mounts them. A slot is placed once, by its launcher; jobs inherit.
package struct ControlGroups: Sendable {
  /// One controller's hierarchy.
  struct Hierarchy: Sendable, Equatable {
    var resource: Resource
    var isUnified: Bool
    /// The directory in which the server's group is made.
    var base: String
  }

  var hierarchies: [Hierarchy]
  /// Tells this server's groups from another's on the same machine.
  var server: String

  /// Resources that no cgroup of this host can limit for this user.
  package var missing: [Resource] {
    Resource.allCases.filter { resource in !hierarchies.contains { $0.resource == resource } }
  }

  /// Looks at what is mounted. `server` is the state directory, whose path names the groups.
  static func ofThisMachine(server: String) -> ControlGroups {
    let mounts = (try? Files.read("/proc/self/mountinfo")) ?? []
    let own = (try? Files.read("/proc/self/cgroup")) ?? []
    var groups = ControlGroups(
      hierarchies: find(
        mounts: String(decoding: mounts, as: UTF8.self), own: String(decoding: own, as: UTF8.self)),
      server: name(of: server))
    let candidates = groups
    groups.hierarchies.removeAll { !candidates.prepare($0) }
    return groups
  }

  static func name(of state: String) -> String {
    String(checksum(Array(state.utf8)), radix: 16)
  }

  /// The hierarchies with a controller of ours; version 1 is looked for first, since a controller is
  /// only ever in one. Root works beneath the mount's root, unless its own group was delegated to it;
  /// others beneath their own group.
  static func find(mounts: String, own: String) -> [Hierarchy] {
    var found: [Hierarchy] = []
    for resource in Resource.allCases {
      for line in mounts.split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        guard let dash = words.firstIndex(of: "-"), words.count > dash + 3, words.count > 4 else {
          continue
        }
        let place = words[4]
        let isUnified = words[dash + 1] == "cgroup2"
        let options = words[dash + 3].split(separator: ",")
        let isOurs =
          isUnified
          ? controllers(of: place).contains(resource.controller)
          : words[dash + 1] == "cgroup" && options.contains { $0 == resource.controller }
        guard isOurs else { continue }
        let group = place + ownGroup(own, resource, isUnified: isUnified)
        let isAnywhere = geteuid() == 0 && !(isUnified && isDelegated(group))
        found.append(
          Hierarchy(resource: resource, isUnified: isUnified, base: isAnywhere ? place : group))
        break
      }
    }
    return found
  }

  /// systemd marks the groups of units with `Delegate=` (systemd.resource-control(5)): what lies below
  /// them is the unit's, everything else systemd's.
  private static func isDelegated(_ group: String) -> Bool {
    for name in ["trusted.delegate", "user.delegate"]
    where cposix_has_attribute(group, name, "1") != 0 { return true }
    return false
  }

  private static func controllers(of place: String) -> [String] {
    guard let text = try? Files.read(place + "/cgroup.controllers") else { return [] }
    return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .map(String.init)
  }

  /// Where the server goes to make room for its slots, beneath the group that it was given.
  private static let aside = "/sccache-dist-server"

  /// The line `ID:CONTROLLERS:PATH` of /proc/self/cgroup that is about this hierarchy. Who has stepped
  /// aside already still has the group above.
  private static func ownGroup(_ own: String, _ resource: Resource, isUnified: Bool) -> String {
    for line in own.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let names = parts[1].split(separator: ",")
      if isUnified ? parts[1].isEmpty : names.contains(where: { $0 == resource.controller }) {
        if isUnified, parts[2].hasSuffix(aside) { return String(parts[2].dropLast(aside.count)) }
        return parts[2] == "/" ? "" : String(parts[2])
      }
    }
    return ""
  }

  /// Makes the server's group and hands the controller down to it; false where that is not allowed.
  private func prepare(_ hierarchy: Hierarchy) -> Bool {
    let common = hierarchy.base + "/sccache-dist"
    let ours = common + "/" + server
    if hierarchy.isUnified {
      // A group with processes of its own can't hand anything down, unless it is the root of all, which
      // has no type: as a delegated group's (or a container's) only process the server steps aside.
      if access(hierarchy.base + "/cgroup.type", F_OK) == 0 {
        let aside = hierarchy.base + Self.aside
        guard Self.make(aside) else { return false }
        _ = Self.set(aside + "/cgroup.procs", "0")
      }
      let downward = "+" + hierarchy.resource.controller
      guard Self.set(hierarchy.base + "/cgroup.subtree_control", downward), Self.make(common),
        Self.set(common + "/cgroup.subtree_control", downward), Self.make(ours),
        Self.set(ours + "/cgroup.subtree_control", downward)
      else { return false }
      return true
    }
    return Self.make(common) && Self.make(ours)
  }

  static func make(_ directory: String) -> Bool {
    mkdir(directory, 0o755) == 0 || errno == EEXIST && access(directory, W_OK) == 0
  }

  /// A kernel file takes a value in one write.
  static func set(_ path: String, _ value: String) -> Bool {
    guard let file = try? Descriptor.open(path, O_WRONLY) else { return false }
    return (try? file.write(Array(value.utf8), path: path)) != nil
  }
}

extension ControlGroups {
  /// Makes a slot's groups with their limits.
  func make(slot: Int, _ limits: SlotLimits) throws(SandboxError) -> SlotGroups {
    var places: [Hierarchy] = []
    for hierarchy in hierarchies {
      // The groups above it: another server that ends takes the common one along when it is empty.
      _ = prepare(hierarchy)
      let directory = "\(hierarchy.base)/sccache-dist/\(server)/slot-\(slot)"
      guard Self.make(directory), Self.limit(directory, hierarchy, limits) else {
        throw SandboxError(SystemError("limit \(hierarchy.resource.rawValue) by", directory))
      }
      places.append(
        Hierarchy(
          resource: hierarchy.resource, isUnified: hierarchy.isUnified, base: directory))
    }
    return SlotGroups(places: places)
  }

  private static func limit(
    _ directory: String, _ hierarchy: Hierarchy, _ limits: SlotLimits
  ) -> Bool {
    let period = 100_000
    let quota = max(1000, Int(limits.cores * Double(period)))
    switch (hierarchy.resource, hierarchy.isUnified) {
    case (.memory, true):
      guard set(directory + "/memory.max", "\(limits.memory)") else { return false }
      // Not there without swap.
      _ = set(directory + "/memory.swap.max", "0")
      return true
    case (.memory, false):
      // Swap counts on top in its own file, which must never be below the first one.
      _ = set(directory + "/memory.memsw.limit_in_bytes", "-1")
      guard set(directory + "/memory.limit_in_bytes", "\(limits.memory)") else { return false }
      _ = set(directory + "/memory.memsw.limit_in_bytes", "\(limits.memory)")
      return true
    case (.processes, _):
      return set(directory + "/pids.max", "\(limits.processes)")
    case (.processor, true):
      return set(directory + "/cpu.max", "\(quota) \(period)")
    case (.processor, false):
      return set(directory + "/cpu.cfs_period_us", "\(period)")
        && set(directory + "/cpu.cfs_quota_us", "\(quota)")
    }
  }

  /// Ends what a crashed server of this state directory left running and removes its groups.
  func sweep() {
    for hierarchy in hierarchies {
      let ours = "\(hierarchy.base)/sccache-dist/\(server)"
      for name in Files.names(in: ours) ?? [] where name.hasPrefix("slot-") {
        let place = Hierarchy(
          resource: hierarchy.resource, isUnified: hierarchy.isUnified, base: ours + "/" + name)
        SlotGroups(places: [place]).remove()
      }
    }
  }
}

extension ControlGroups {
  /// Removes the server's own, empty group, and the common one when it was the last in it.
  func removeServer() {
    for hierarchy in hierarchies {
      rmdir("\(hierarchy.base)/sccache-dist/\(server)")
      rmdir("\(hierarchy.base)/sccache-dist")
    }
  }
}

/// The cgroups of one slot.
package struct SlotGroups: Sendable {
  /// Each with the slot's own directory as its base.
  var places: [ControlGroups.Hierarchy]

  /// Each group once: in version 2 one directory has all resources.
  var directories: [String] {
    var seen: [String] = []
    for place in places where !seen.contains(place.base) { seen.append(place.base) }
    return seen
  }

  /// The files that a process writes itself into.
  var membership: [String] { directories.map { $0 + "/cgroup.procs" } }

  /// How many processes of the slot were killed so far because memory ended.
  func memoryKills() -> UInt64 {
    guard let place = places.first(where: { $0.resource == .memory }) else { return 0 }
    let path = place.base + (place.isUnified ? "/memory.events" : "/memory.oom_control")
    guard let text = try? Files.read(path) else { return 0 }
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == "oom_kill" { return UInt64(words[1]) ?? 0 }
    }
    return 0
  }

  /// Kills what is left in the groups and removes them. The dead take a moment to leave.
  func remove() {
    for place in places {
      for _ in 0..<200 {
        if rmdir(place.base) == 0 || errno == ENOENT { break }
        killAll(in: place)
        usleep(5000)
      }
    }
  }

  private func killAll(in place: ControlGroups.Hierarchy) {
    if place.isUnified, ControlGroups.set(place.base + "/cgroup.kill", "1") { return }
    guard let text = try? Files.read(place.base + "/cgroup.procs") else { return }
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      if let pid = pid_t(line), pid > 1, pid != getpid() { kill(pid, SIGKILL) }
    }
  }
}
