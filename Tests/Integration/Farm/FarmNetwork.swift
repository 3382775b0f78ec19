import Farm
import Glibc
import Platform
import TestSupport

/// A network of its own for one farm: the scheduler, each server and the client have a network namespace
/// each, joined by a bridge in the scheduler's. Removed with the value.
final class FarmNetwork {
  enum Host: Equatable {
    case scheduler
    case server(Int)
    case client
  }

  struct Failure: Error, CustomStringConvertible {
    var command: String
    var said: String
    var description: String { "\(command): \(said)" }
  }

  /// Between the client and everybody else.
  struct Line {
    /// From one end to the other.
    var delayMilliseconds: Int
    var bitsPerSecond: Int
  }

  private let prefix: String
  private let servers: Int
  private var relay: BackgroundProcess?

  /// - Parameter line: nil: as fast as the kernel makes it.
  init(servers: Int, line: Line? = nil, log: String = "/dev/null") throws {
    var random = SystemRandomNumberGenerator()
    prefix = "sccft-\(getpid())-\(UInt16.random(in: 0...999, using: &random))-"
    self.servers = servers
    for host in hosts {
      try ip(["netns", "add", name(host)])
      try ip(["-n", name(host), "link", "set", "lo", "up"])
    }
    let hub = name(.scheduler)
    try ip(["-n", hub, "link", "add", "bridge", "type", "bridge"])
    try ip(["-n", hub, "addr", "add", "\(ipText(.scheduler))/24", "dev", "bridge"])
    try ip(["-n", hub, "link", "set", "bridge", "up"])
    for host in hosts where host != .scheduler {
      if let line, host == .client {
        try startRelay(line, log: log)
      } else {
        try ip([
          "-n", hub, "link", "add", port(host), "type", "veth", "peer", "name", "e0", "netns",
          name(host),
        ])
      }
      try ip(["-n", hub, "link", "set", port(host), "master", "bridge", "up"])
      try ip(["-n", name(host), "addr", "add", "\(ipText(host))/24", "dev", "e0"])
      try ip(["-n", name(host), "link", "set", "e0", "up"])
    }
  }

  deinit {
    relay?.stop()
    for host in hosts { try? ip(["netns", "del", name(host)]) }
  }

  private var hosts: [Host] { [.scheduler, .client] + (0..<servers).map { .server($0) } }

  private func name(_ host: Host) -> String {
    switch host {
    case .scheduler: prefix + "s"
    case .client: prefix + "c"
    case .server(let index): prefix + "\(index + 1)"
    }
  }

  /// The bridge's port of a host.
  private func port(_ host: Host) -> String {
    if case .server(let index) = host { "p\(index + 1)" } else { "pc" }
  }

  private func number(_ host: Host) -> UInt32 {
    switch host {
    case .scheduler: 1
    case .client: 2
    case .server(let index): UInt32(10 + index)
    }
  }

  private func ipText(_ host: Host) -> String { "10.99.0.\(number(host))" }

  /// Its ports are all free.
  func address(of host: Host) -> SocketAddress {
    SocketAddress(host: .v4(0x0a63_0000 | number(host)), port: 10_500)
  }

  /// The beginning of a command that runs what follows there. Unlike `ip netns exec` this leaves /sys, and
  /// the cgroups beneath it, in sight.
  func entering(_ host: Host) -> [String] {
    ["/usr/bin/nsenter", "--net=/run/netns/\(name(host))", "--"]
  }

  /// Pulls a host's cable, or puts it back.
  func set(_ host: Host, isConnected: Bool) throws {
    try ip(["-n", name(.scheduler), "link", "set", port(host), isConnected ? "up" : "down"])
  }

  private func ip(_ arguments: [String]) throws {
    let result = try Spawn.run(
      try Programs.find("ip"), arguments,
      environment: [Array("PATH=\(Programs.searchPath)".utf8)], directory: "/", timeoutSeconds: 30)
    guard result.isSuccess else {
      throw Failure(
        command: "ip \(arguments.joined(separator: " "))", said: result.errorText)
    }
  }

  // MARK: a slow line

  /// The kernels that we test on have no netem: a program carries the frames from one tap device to the
  /// other.
  private func startRelay(_ line: Line, log: String) throws {
    let relay = try BackgroundProcess(
      try Programs.find("python3"),
      [
        "-c", Self.program, name(.client), "e0", name(.scheduler), port(.client),
        "\(line.delayMilliseconds)", "\(line.bitsPerSecond)",
      ], environment: ["PATH": Programs.searchPath], log: log)
    self.relay = relay
    for (space, device) in [(name(.client), "e0"), (name(.scheduler), port(.client))] {
      for _ in 0..<400 where (try? ip(["-n", space, "link", "show", device])) == nil {
        guard relay.isRunning else { break }
        pause(milliseconds: 25)
      }
    }
  }

  private static let program = """
    import ctypes, fcntl, os, select, struct, sys, time
    from collections import deque
    libc = ctypes.CDLL(None, use_errno=True)

    def tap(space, device):
        if libc.setns(os.open("/run/netns/" + space, os.O_RDONLY), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), space)
        file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(file, 0x400454ca, struct.pack("16sH22x", device.encode(), 0x1002))
        return file

    ends = [tap(sys.argv[1], sys.argv[2]), tap(sys.argv[3], sys.argv[4])]
    delay, rate = float(sys.argv[5]) / 1000, float(sys.argv[6])
    queues = [deque(), deque()]
    free = [0.0, 0.0]
    while True:
        due = [queue[0][0] for queue in queues if queue]
        wait = max(0, min(due) - time.monotonic()) if due else None
        for file in select.select(ends, [], [], wait)[0]:
            side = ends.index(file)
            try:
                frame = os.read(file, 65536)
            except OSError:
                continue
            now = time.monotonic()
            # What waits longer than half a second is lost, as in a router.
            if free[side] > now + 0.5:
                continue
            free[side] = max(now, free[side]) + len(frame) * 8 / rate
            queues[side].append((free[side] + delay, frame))
        now = time.monotonic()
        for side in (0, 1):
            while queues[side] and queues[side][0][0] <= now:
                try:
                    os.write(ends[1 - side], queues[side].popleft()[1])
                except OSError:
                    pass
    """
}
