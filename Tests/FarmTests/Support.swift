import Platform

@testable import Farm

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
