@testable import Farm

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

extension ArchiveID {
  /// An id that differs for every number.
  static func numbered(_ number: UInt8) -> ArchiveID {
    guard let id = ArchiveID(hash: [UInt8](repeating: number, count: 32)) else {
      preconditionFailure("32 bytes make an id")
    }
    return id
  }
}

extension SocketAddress {
  /// 10.x.y.z:10501 of a number.
  static func numbered(_ number: Int) -> SocketAddress {
    SocketAddress(host: .v4(0x0a00_0000 | UInt32(number)), port: 10501)
  }
}
