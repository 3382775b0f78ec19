/// The servers that may be given a job, the best one first: of all, and of those that have a toolchain.
struct Ranking: Sendable {
  private var all = PriorityIndex<SocketAddress, Preference>()
  private var holders: [ArchiveID: PriorityIndex<SocketAddress, Preference>] = [:]

  /// Puts a server in its place, or takes it out when it is not open.
  mutating func update(_ address: SocketAddress, _ server: ServerRecord) {
    guard server.isOpen else {
      remove(address, server)
      return
    }
    let preference = server.preference
    all.set(address, preference)
    for archive in server.toolchains.keys {
      holders[archive, default: PriorityIndex()].set(address, preference)
    }
  }

  /// Takes a server out.
  mutating func remove(_ address: SocketAddress, _ server: ServerRecord) {
    all.remove(address)
    for archive in server.toolchains.keys { remove(address, holding: archive) }
  }

  /// Takes a server out of those that have a toolchain.
  mutating func remove(_ address: SocketAddress, holding archive: ArchiveID) {
    holders[archive]?.remove(address)
    if holders[archive]?.isEmpty == true { holders[archive] = nil }
  }

  /// Who gets the next job: the emptiest server, or the emptiest that has the toolchain if it is not
  /// fuller by more than `uploadPenalty` (jobs per CPU).
  func best(for archive: ArchiveID, uploadPenalty: Double) -> SocketAddress? {
    guard let emptiest = all.first else { return nil }
    guard let holder = holders[archive]?.first else { return emptiest.element }
    let penalty = Int(uploadPenalty * Preference.unit)
    return holder.priority.load <= emptiest.priority.load + penalty
      ? holder.element : emptiest.element
  }
}
