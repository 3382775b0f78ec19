import Farm
import Glibc
import Platform
import Settings
import TestSupport
import Testing
import Transport

/// A build server that takes every job and answers it as the test wants: files with status and body of the
/// answers lie in a directory, from which a small program in another language serves them.
final class FakeServer {
  private let directory: String
  private let farm: TestFarm
  private let address: SocketAddress
  private let certificate: SelfSignedCertificate
  private let process: BackgroundProcess
  private var starts: UInt64 = 0

  init(_ farm: TestFarm) throws {
    self.farm = farm
    address = try TestFarm.freeAddress()
    directory = farm.root + "/fake"
    mkdir(directory, 0o700)
    certificate = try SelfSignedCertificate(
      address: address.description, ip: address.host.description, nonce: 1)
    let pem = directory + "/pem"
    try Files.write(
      certificate.certificatePEM + certificate.keyPEM, to: pem, temporary: pem + ".new",
      mode: 0o600)
    process = try BackgroundProcess(
      "/usr/bin/python3", ["-c", Self.program, "\(address.port)", directory],
      environment: ["PATH": Programs.searchPath], log: directory + ".log")
    try answer(
      "assign_job", 200, [1, 0, 0, 0, 0])
    try answer("submit_toolchain", 200, ToolchainAnswer.success.body)
    try pauseJobs(seconds: 0)
  }

  func answer(_ call: String, _ status: Int, _ body: [UInt8]) throws {
    let path = "\(directory)/\(call)"
    try Files.write(
      Array("\(status)\n".utf8) + body, to: path, temporary: path + ".new", mode: 0o600)
  }

  /// How long each job takes from now on.
  func pauseJobs(seconds: Int) throws {
    let path = directory + "/pause"
    try Files.write(Array("\(seconds)".utf8), to: path, temporary: path + ".new", mode: 0o600)
  }

  /// The process stands still as soon as a job has come.
  func standStillAtNextJob() throws {
    let path = directory + "/pause"
    try Files.write(Array("stop".utf8), to: path, temporary: path + ".new", mode: 0o600)
  }

  /// It goes on.
  func goOn() { process.signal(SIGCONT) }

  /// The scheduler forgets who is silent, and lets rest who failed, but not a process that is new.
  ///
  /// - Parameter form: the form of jobs that it takes.
  func heartbeat(_ form: JobForm = .mozilla) throws {
    starts += 1
    let heartbeat = Heartbeat(
      jobKey: Array(repeating: 1, count: 32)[...], cpus: 4, nonce: starts,
      certificate: ServerCertificate(
        digest: certificate.digest[...], pem: certificate.certificatePEM[...]),
      extras: form == .mozilla ? nil : HeartbeatExtras(jobForm: form.rawValue))
    var question = HTTPQuestion(.post, farm.schedulerURL + FarmCall.heartbeat.path)
    question.headers = [
      ("authorization", "Bearer \(farm.serverToken(address))"),
      ("content-type", "application/octet-stream"),
    ]
    question.body = .bytes(heartbeat.body)
    let answer = try HTTPClient().ask(question, deadlines: HTTPDeadlines())
    try #require(answer.status == 200)
  }

  /// The jobs that came.
  var jobs: Int {
    let log = (try? Files.read(directory + ".log")) ?? []
    return String(decoding: log, as: UTF8.self).split(separator: "\n")
      .count { $0.contains("run_job") }
  }

  private static let program = """
    import http.server, os, signal, ssl, sys, time
    port, directory = int(sys.argv[1]), sys.argv[2]
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            with open(os.path.join(directory, self.path.split("/")[4]), "rb") as file:
                status, body = file.read().split(b"\\n", 1)
            if status == b"0":
                self.log_request(0)
                self.close_connection = True
                self.connection.sendall(body)
                return
            for pause in open(os.path.join(directory, "pause")) if "run_job" in self.path else []:
                if pause == "stop":
                    os.kill(os.getpid(), signal.SIGSTOP)
                else:
                    time.sleep(float(pause))
            self.send_response(int(status))
            self.send_header("content-length", str(len(body)))
            # Which a client that sent its job in the old form doesn't look at.
            self.send_header("sccache-job", "1")
            self.end_headers()
            self.wfile.write(body)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "pem"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
    """
}
