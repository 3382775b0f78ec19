import CacheKey
import Glibc
import Platform
import Settings
import TestSupport
import Testing

@testable import Storage

/// Large members of entries from remote stores, which are unpacked while they come.
@Suite(.blocking) struct EntryUnpackerTests {
  private let directory = TemporaryDirectory()
  private let service = FakeService()

  /// Packs to a fourth or so.
  private let packable = (0..<1_500_000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 9) & 15 }
  /// Stays as it is.
  private let noise: [UInt8] = {
    var state: UInt64 = 1
    return (0..<1_200_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }()

  /// Takes what a test wants it to.
  private final class Receiver: MemberReceiver {
    let names: Set<String>
    private(set) var files: [String: TemporaryFile] = [:]
    private(set) var discarded = 0
    private let store: LocalStore

    init(_ names: Set<String>, _ store: LocalStore) {
      self.names = names
      self.store = store
    }

    func file(for member: EntryHead.Member, of head: EntryHead) -> TemporaryFile? {
      guard names.contains(member.name), let file = try? store.temporaryFile() else { return nil }
      files[member.name] = TemporaryFile(descriptor: file, size: member.size)
      return files[member.name]
    }

    func discard() {
      discarded += 1
      files = [:]
    }

    func bytes(_ name: String) throws -> [UInt8]? {
      try files[name]?.descriptor.read(at: 0, count: 8 << 20, path: name)
    }
  }

  private func level(_ scratch: LocalStore, _ key: String? = nil) -> RemoteLevel {
    var options = RemoteLevel.Options()
    options.signingKey = key.map { SigningKey(Secret($0)) }
    return RemoteLevel(name: "fake", service: service, scratch: scratch, options: options)
  }

  private func put(_ members: [(String, [UInt8])], signedWith key: String? = nil) throws {
    let scratch = LocalStore.at(directory("writer"))
    let store = TieredStore(levels: [.remote(level(scratch, key))], scratch: scratch)
    let draft = EntryDraft(
      key: StorageTests.key(1), presentation: Digest.of([7]), isColoured: false,
      members: members.map { EntryDraft.Member(name: $0.0, content: .bytes($0.1)) })
    let result = Monitor<Result<Void, StoreError>?>(nil)
    store.put(draft, listing: nil) { told in result.change { $0 = told } }
    let told = result.wait(until: Clock.monotonic + 60_000_000_000) { $0 }
    try #require(told).get()
  }

  private var members: [(String, [UInt8])] {
    [("obj", packable), ("stderr", [1, 2, 3]), ("dwo", noise), ("deps", Array("a.h".utf8))]
  }

  @Test func largeMembersDontTouchTheEntrysFile() throws {
    try put(members)
    let scratch = LocalStore.at(directory("a"))
    let receiver = Receiver(["obj", "dwo", "stderr"], scratch)
    let store = TieredStore(levels: [.remote(level(scratch))], scratch: scratch)
    let found = try store.entry(key(1), receiver: receiver)
    guard let entry = found?.takeEntry() else { throw Missing() }
    #expect(try receiver.bytes("obj") == packable)
    #expect(try receiver.bytes("dwo") == noise)
    #expect(Set(receiver.files.keys) == ["obj", "dwo"], "small ones stay")
    for (name, bytes) in members {
      let member = try #require(entry.head.member(name))
      if receiver.files[name] == nil {
        #expect(try entry.bytes(of: member) == bytes)
      } else {
        #expect(throws: StoreError.self, "a hole is not given out") { try entry.bytes(of: member) }
      }
    }
    var status = stat()
    #expect(fstat(entry.file.number, &status) == 0)
    #expect(status.st_blocks * 512 < 100_000, "nothing of them was written")
  }

  private struct Missing: Error {}

  /// Packed members for which there is no place wait in the entry's file; the others come as ever.
  @Test func whatFindsNoPlaceIsUnpackedLater() throws {
    try put(members + [("more", packable)])
    let scratch = LocalStore.at(directory("a"))
    var options = RemoteLevel.Options()
    for (count, received) in [(0, ["dwo"]), (1, ["obj", "dwo", "more"])] {
      options.unpackedAtOnce = count
      let level = RemoteLevel(name: "fake", service: service, scratch: scratch, options: options)
      // A place is given back with its member.
      for _ in 0..<2 {
        let receiver = Receiver(["obj", "dwo", "more"], scratch)
        let store = TieredStore(levels: [.remote(level)], scratch: scratch)
        let found = try store.entry(key(1), receiver: receiver)
        guard let entry = found?.takeEntry() else { throw Missing() }
        #expect(Set(receiver.files.keys) == Set(received))
        for (name, bytes) in members + [("more", packable)] {
          let member = try #require(entry.head.member(name))
          let got = try receiver.bytes(name) ?? entry.bytes(of: member)
          #expect(got == bytes, "\(name)")
        }
      }
    }
  }

  /// What has to stay here, or goes on to another store, is whole.
  @Test func whatIsKeptIsWhole() throws {
    try put(members)
    let disk = LocalStore.at(directory("a"))
    let other = FakeService()
    let between = RemoteLevel(
      name: "other", service: other, scratch: disk, options: RemoteLevel.Options())
    for (number, levels) in [
      [TieredStore.Level.disk(disk), .remote(level(disk))],
      [.remote(between), .remote(level(disk))],
    ].enumerated() {
      let store = TieredStore(levels: levels, scratch: disk)
      let receiver = Receiver(["obj"], disk)
      guard let found = try store.entry(key(1), receiver: receiver) else { throw Missing() }
      #expect(try receiver.bytes("obj") == packable)
      for (name, bytes) in members {
        #expect(try found.entry.bytes(of: #require(found.entry.head.member(name))) == bytes)
      }
      store.backfill(found, listing: nil)
      store.finish(until: Clock.monotonic + 60_000_000_000)
      if number == 0 {
        #expect(try disk.members(key(1)) == Dictionary(uniqueKeysWithValues: members))
      } else {
        #expect(other.blobs[.entry(key(1))] == service.blobs[.entry(key(1))])
      }
    }
  }

  @Test(arguments: [nil, "secret"]) func damagedOnesAreDiscarded(_ signingKey: String?) throws {
    try put(members, signedWith: signingKey)
    let whole = try #require(service.blobs[.entry(key(1))])
    func isRefused(_ what: String) {
      let scratch = LocalStore.at(directory("a"))
      let receiver = Receiver(["obj", "dwo"], scratch)
      let store = TieredStore(levels: [.remote(level(scratch, signingKey))], scratch: scratch)
      #expect(throws: StoreError.self, "\(what)") {
        _ = try store.entry(key(1), receiver: receiver)
      }
      #expect(receiver.discarded == 1 && receiver.files.isEmpty, "\(what)")
      #expect(Files.names(in: directory("a") + "/tmp") ?? [] == [], "\(what)")
    }
    for length in [0, 43, 44, 300, 5000, whole.count / 3, whole.count - 1] {
      service.change(.entry(key(1))) { $0 = Array(whole.prefix(length)) }
      isRefused("\(length) bytes")
    }
    for part in 0..<12 {
      service.change(.entry(key(1))) {
        $0 = whole
        $0[whole.count * part / 12 + 3] ^= 4
      }
      isRefused("part \(part)")
    }
    if signingKey != nil {
      // Right in itself, and signed by nobody.
      service.change(.entry(key(1))) { $0 = Array(whole.dropFirst(SigningKey.frontLength)) }
      isRefused("unsigned")
    }
  }

  @Test func aTransferThatBreaksOffLeavesNothing() throws {
    try put(members)
    let scratch = LocalStore.at(directory("a"))
    let receiver = Receiver(["obj"], scratch)
    let store = TieredStore(levels: [.remote(level(scratch))], scratch: scratch)
    service.cut(fetches: 200_000)
    #expect(throws: StoreError.self) { _ = try store.entry(key(1), receiver: receiver) }
    #expect(receiver.discarded == 1 && receiver.files.isEmpty)
    service.cut(fetches: nil)
    let isFound = try store.entry(key(1), receiver: receiver) != nil
    #expect(isFound)
    #expect(try receiver.bytes("obj") == packable)
  }

  /// The nearer store's is cut; what it left is not mixed with the farther store's.
  @Test func theNextLevelBeginsAnew() throws {
    try put(members)
    let scratch = LocalStore.at(directory("a"))
    let cut = FakeService()
    for (name, bytes) in service.blobs { cut.set(name, bytes) }
    cut.cut(fetches: 200_000)
    let near = RemoteLevel(
      name: "near", service: cut, scratch: scratch, options: RemoteLevel.Options())
    let store = TieredStore(levels: [.remote(near), .remote(level(scratch))], scratch: scratch)
    let receiver = Receiver(["obj", "dwo"], scratch)
    guard let found = try store.entry(key(1), receiver: receiver) else { throw Missing() }
    #expect(found.level == 1)
    #expect(receiver.discarded == 1)
    #expect(try receiver.bytes("obj") == packable)
  }

  /// Heads whose own checksum is right, and which lie.
  @Test(arguments: Lie.allCases) func liesAreFound(_ lie: Lie) throws {
    let packed = try #require(packable.withUnsafeBytes { Compression.compress($0, level: 3) })
    var object = EntryHead.Member(
      name: "obj", encoding: .zstd, size: packable.count, stored: packed.count, offset: 0,
      checksum: checksum(packed))
    switch lie {
    case .none: break
    case .larger: object.size += 1
    case .smaller: object.size -= 1
    case .endless: object.size = 1 << 40
    case .shortened: object.stored -= 10
    case .checksum: object.checksum ^= 1
    case .raw:
      object.encoding = .raw
      object.size = object.stored
      object.checksum ^= 1
    }
    var head = EntryHead(
      key: key(1), presentation: Digest.of([7]), isColoured: false, members: [object])
    if lie == .shortened {
      head.members[0].checksum = checksum(Array(packed.dropLast(10)))
    }
    service.set(.entry(key(1)), head.layOut() + packed)
    let scratch = LocalStore.at(directory("a"))
    let receiver = Receiver(["obj"], scratch)
    let store = TieredStore(levels: [.remote(level(scratch))], scratch: scratch)
    if lie == .none || lie == .endless {
      // What claims to be larger than any entry may be is not received, and shows when it is used.
      guard let found = try store.entry(key(1), receiver: receiver) else { throw Missing() }
      #expect((try? receiver.bytes("obj")) == (lie == .none ? packable : nil))
      let member = try #require(found.entry.head.member("obj"))
      #expect(throws: StoreError.self) { try found.entry.bytes(of: member) }
    } else {
      #expect(throws: StoreError.self) { _ = try store.entry(key(1), receiver: receiver) }
      #expect(receiver.files.isEmpty)
    }
  }

  enum Lie: CaseIterable { case none, larger, smaller, endless, shortened, checksum, raw }

  @Test func membersThatOverlapAreRefused() throws {
    var head = EntryHead(
      key: key(1), presentation: Digest.of([7]), isColoured: false,
      members: ["a", "b"].map {
        EntryHead.Member(
          name: $0, encoding: .raw, size: 100, stored: 100, offset: 0,
          checksum: checksum([UInt8](repeating: 1, count: 100)))
      })
    var bytes = head.layOut()
    // The second one's offset, eight bytes before its checksum, becomes the first one's.
    let place = bytes.count - 8 - 16
    bytes[place] = UInt8(truncatingIfNeeded: head.members[0].offset)
    bytes[place + 1] = UInt8(truncatingIfNeeded: head.members[0].offset >> 8)
    let sum = checksum(Array(bytes.dropLast(8)))
    bytes.replaceSubrange(
      (bytes.count - 8)..., with: withUnsafeBytes(of: sum.littleEndian, Array.init))
    service.set(.entry(key(1)), bytes + [UInt8](repeating: 1, count: 200))
    let scratch = LocalStore.at(directory("a"))
    let store = TieredStore(levels: [.remote(level(scratch))], scratch: scratch)
    #expect {
      _ = try store.entry(key(1))
    } throws: {
      "\($0)".contains("overlap")
    }
  }
}
