import Glibc
import TestSupport

/// Three masters that share the slots.
package struct RedisCluster {
  /// By the slots that they have.
  package let servers: [RedisServer]
  private let buses: [LoopbackPort]

  /// Ready when this returns.
  package init(tls certificate: TestCertificate? = nil) throws {
    var servers: [RedisServer] = []
    var buses: [LoopbackPort] = []
    for _ in 0..<3 {
      let bus = try LoopbackPort(listens: false)
      let more = certificate == nil ? [] : ["--tls-cluster", "yes"] + Self.authority(certificate)
      servers.append(
        try RedisServer(
          ["--cluster-enabled", "yes", "--cluster-port", "\(bus.port)"]
            + ["--cluster-node-timeout", "5000"] + more, tls: certificate))
      buses.append(bus)
    }
    self.servers = servers
    self.buses = buses
    for (number, range) in [(0, 5460), (5461, 10922), (10923, 16383)].enumerated() {
      try servers[number].command("cluster", "addslotsrange", "\(range.0)", "\(range.1)")
      try servers[0].command(
        "cluster", "meet", "127.0.0.1", "\(servers[number].port)", "\(buses[number].port)")
    }
    // Each has to have heard of all slots, too.
    for server in servers {
      var left = 2000
      while try !server.command("cluster", "info").contains("slots_ok:16384"), left > 0 {
        usleep(10_000)
        left -= 1
      }
      while try !server.command("cluster", "info").contains("state:ok"), left > 0 {
        usleep(10_000)
        left -= 1
      }
    }
  }

  private static func authority(_ certificate: TestCertificate?) -> [String] {
    certificate.map { ["--tls-ca-cert-file", $0.certificate] } ?? []
  }

  /// Which server has a slot, and which comes after it.
  package func owner(of slot: Int) -> (owner: RedisServer, next: RedisServer) {
    let index = slot <= 5460 ? 0 : slot <= 10922 ? 1 : 2
    return (servers[index], servers[(index + 1) % 3])
  }
}
