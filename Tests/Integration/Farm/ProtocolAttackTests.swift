import Farm
import Glibc
import Platform
import Settings
import TestSupport
import Testing
import Transport

/// Calls that no honest client makes, to a real scheduler and a real server.
@Suite(.blockingForFarms, .serialized) struct ProtocolAttackTests {
  /// An id is a path in the making: nothing but 64 hexadecimal digits gets beyond the first look.
  @Test(.timeLimit(.minutes(20)))
  func namesOfToolchains() throws {
    let attacked = try AttackedFarm()
    let place = attacked.farm.root + "/pwned"
    for name in [
      "", "a", place, "../../../../../../..\(place)", String(repeating: "a", count: 63),
      String(repeating: "g", count: 64), String(repeating: "a", count: 5000), "a/../b", "..",
    ] {
      var writer = BincodeWriter()
      writer.put(name)
      let answer = try attacked.caller.ask(.allocateJob, writer.bytes)
      #expect(answer.status == 400, "\(name.prefix(40))")
      #expect(!answer.body.contains(UInt8(ascii: "\n")))
    }
    #expect(access(place, F_OK) != 0)
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  /// What is not the archive that was announced is never used, and an archive that leads out never unpacked.
  @Test(.timeLimit(.minutes(20)))
  func poisonedToolchains() throws {
    let attacked = try AttackedFarm()
    let caller = attacked.caller
    let announced = AttackedFarm.id(of: Array("something else".utf8))
    let poison = try gzip(TarBuilder().finished(), attacked)
    let lease = try caller.allocate(announced)
    #expect(try caller.submit(poison, lease) == .cannotCache)
    let command = CompileCommand(
      executable: "/bin/sh", arguments: [], environment: [], directory: "/")
    let answer = try caller.tell(
      lease, .runJob(lease.job),
      .bytes(FarmCaller.body(command, outputs: [], inputs: [UInt8](repeating: 0, count: 1024))))
    #expect(try RunJobAnswer(body: answer.body) == .jobNotFound)
    for hostile in JobAttackTests.hostileArchives where !hostile.isFineForToolchains {
      var tar = TarBuilder()
      hostile.build(&tar)
      let archive = try gzip(tar.finished(), attacked)
      let lease = try caller.allocate(AttackedFarm.id(of: archive))
      #expect(try caller.submit(archive, lease) == .cannotCache, "\(hostile.name)")
    }
    #expect(access("/tmp/sccattack-evil", F_OK) != 0)
    let trees = attacked.farm.cacheDirectory(ofServer: 0) + "/trees"
    let names = Files.names(in: trees)?.filter { !$0.hasSuffix(".bytes") }
    #expect(names == [attacked.toolchain.description])
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  private func gzip(_ bytes: [UInt8], _ attacked: AttackedFarm) throws -> [UInt8] {
    let path = attacked.farm.root + "/hostile"
    try Files.write(bytes, to: path, temporary: path + ".new", mode: 0o600)
    let result = try Spawn.run(
      "/bin/gzip", ["-n", "-c", path], environment: [], directory: "/", timeoutSeconds: 30)
    return result.output
  }

  /// A job's token is for its job, once.
  @Test(.timeLimit(.minutes(20)))
  func tokensOfJobs() throws {
    let attacked = try AttackedFarm()
    let caller = attacked.caller
    let command = CompileCommand(
      executable: "/bin/sh", arguments: ["-c", "exit 0"], environment: [], directory: "/")
    let body = FarmCaller.body(command, outputs: [], inputs: [UInt8](repeating: 0, count: 1024))
    let lease = try caller.allocate(attacked.toolchain)
    let other = try caller.allocate(attacked.toolchain)
    let foreign = JobToken(job: lease.job).signed(with: [UInt8](repeating: 7, count: 32))
    for token in ["x", other.token, foreign, attacked.farm.clientToken] {
      let answer = try caller.tell(lease, .runJob(lease.job), .bytes(body), token: token)
      // Never 4xx: over that a client of Mozilla's fails the build.
      #expect(answer.status == 500, "\(token)")
    }
    let first = try caller.tell(lease, .runJob(lease.job), .bytes(body))
    #expect(try attacked.ending(first).isSuccess)
    let again = try caller.tell(lease, .runJob(lease.job), .bytes(body))
    #expect(try RunJobAnswer(body: again.body) == .jobNotFound)
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  /// Uploads that stop in the middle, and requests of strangers that never end, hold nobody up.
  @Test(.timeLimit(.minutes(20)))
  func stalls() throws {
    let attacked = try AttackedFarm()
    let lease = try attacked.caller.allocate(AttackedFarm.id(of: [1]))
    let scheduler = attacked.farm.schedulerAddress
    let log = attacked.farm.root + "/stalls.log"
    let stalling = try BackgroundProcess(
      try Programs.find("python3"),
      [
        "-c", Self.stalls, "\(scheduler.port)", "\(lease.server.port)", "\(lease.job)", lease.token,
      ], environment: ["PATH": Programs.searchPath], log: log)
    for _ in 0..<400 where !stalling.said.contains("stalled") { pause(milliseconds: 25) }
    try #require(stalling.said.contains("stalled"), "\(stalling.said)")
    #expect(attacked.farm.knownServers == 1)
    try attacked.livesOn()
    #expect(stalling.isRunning, "\(stalling.said)")
    stalling.stop()
    try attacked.farm.leavesNothing()
  }

  /// Sixty of each kind stay open: a body that doesn't come, with a wrong token; an upload with the right
  /// one that sends a little.
  private static let stalls = """
    import socket, ssl, sys, time
    scheduler, server, job, token = sys.argv[1:5]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    kept = []
    def head(path, token):
        return (f"POST {path} HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer {token}\\r\\n"
            "Content-Type: application/octet-stream\\r\\nContent-Length: 1000000\\r\\n\\r\\n").encode()
    for number in range(60):
        plain = socket.create_connection(("127.0.0.1", int(scheduler)))
        plain.sendall(head("/api/v1/scheduler/alloc_job", "wrong") + b"abc")
        secure = context.wrap_socket(socket.create_connection(("127.0.0.1", int(server))))
        good = number % 2
        path = f"/api/v1/distserver/submit_toolchain/{job}" if good else f"/api/v1/distserver/run_job/{job}"
        secure.sendall(head(path, token if good else "wrong") + b"abc")
        silent = socket.create_connection(("127.0.0.1", int(server)))
        kept += [plain, secure, silent]
    print("stalled", flush=True)
    time.sleep(120)
    """

  /// Counts that promise more than there is, on every call with a body.
  @Test(.timeLimit(.minutes(20)))
  func hugeCounts() throws {
    let attacked = try AttackedFarm()
    let huge = [UInt8](repeating: 0xff, count: 8)
    #expect(try attacked.caller.ask(.allocateJob, huge).status == 400)
    for body in [huge, [0x7f, 0xff, 0xff, 0xff], [0, 0, 0, 16] + huge + huge, []] {
      let next = try attacked.caller.allocate(attacked.toolchain)
      let answer = try attacked.caller.tell(next, .runJob(next.job), .bytes(body))
      #expect(answer.status == 500)
      #expect(answer.body.count < 2000 && !answer.body.contains(UInt8(ascii: "\n")))
    }
    try attacked.livesOn()
    try attacked.farm.leavesNothing()
  }

  /// A server's token is for the address that its calls come from, whatever a header says.
  @Test(.timeLimit(.minutes(20)))
  func serversFromElsewhere() throws {
    let attacked = try AttackedFarm()
    let farm = attacked.farm
    let elsewhere = try #require(SocketAddress("10.1.2.3:10501"))
    let certificate = try SelfSignedCertificate(
      address: elsewhere.description, ip: elsewhere.host.description, nonce: 1)
    let heartbeat = Heartbeat(
      jobKey: [UInt8](repeating: 1, count: 32)[...], cpus: 1000, nonce: 1,
      certificate: ServerCertificate(
        digest: certificate.digest[...], pem: certificate.certificatePEM[...]), extras: nil)
    for header in ["10.1.2.3", "127.0.0.1", "x"] {
      var question = HTTPQuestion(.post, farm.schedulerURL + FarmCall.heartbeat.path)
      question.headers = [
        ("authorization", "Bearer \(farm.serverToken(elsewhere))"), ("x-real-ip", header),
        ("content-type", "application/octet-stream"),
      ]
      question.body = .bytes(heartbeat.body)
      #expect(try HTTPClient().ask(question, deadlines: HTTPDeadlines()).status == 401)
    }
    #expect(farm.knownServers == 1)
    try attacked.livesOn()
    try farm.leavesNothing()
  }
}
