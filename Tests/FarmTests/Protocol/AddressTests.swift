import Testing

@testable import Farm

@Suite struct AddressTests {
  @Test(arguments: [
    "127.0.0.1:10501", "0.0.0.0:0", "255.255.255.255:65535", "[::]:1", "[::1]:10507",
    "[2001:db8::1]:80", "[1:0:2::3]:80", "[fe80::1:0:0:1]:80", "[1:2:3:4:5:6:7:8]:80",
    "[1::3:0:5:6:7]:80", "[::ffff:10.0.0.1]:80", "[1:0:3:4:5:6:7:8]:80", "[::102:304]:80",
    "[1:2:3:4:5:6::]:80", "[::3:4:5:6:7:8]:9", "[1:0:0:4::8]:9",
  ])
  func theSameTextComesBack(text: String) throws {
    let address = try #require(SocketAddress(text))
    #expect(address.description == text)
    var writer = BincodeWriter()
    address.write(to: &writer)
    var reader = BincodeReader(writer.bytes[...])
    #expect(try SocketAddress(from: &reader, "server_id") == address)
    #expect(reader.rest.isEmpty)
  }

  @Test(arguments: [
    ("[2001:0db8:0:0:0:0:0:1]:80", "[2001:db8::1]:80"), ("[::1.2.3.4]:80", "[::102:304]:80"),
    ("[ABCD::]:080", "[abcd::]:80"), ("[0:0:1:0:0:0:0:1]:80", "[0:0:1::1]:80"),
  ])
  func otherTextsOfAnAddress(text: String, usual: String) {
    #expect(SocketAddress(text)?.description == usual)
  }

  @Test(arguments: [
    "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
    "127.0.0.1:1 ", " 127.0.0.1:1", "127.0.0:1", "127.0.0.01:1", "127.0.0.256:1", "localhost:1",
    "::1:1", "[::1]", "[::1]1", "[127.0.0.1]:1", "[::1%lo]:1", "[::1:1", "::1]:1", "[]:1",
    "[:::]:1", "127.0.0.1\0:1", "[::1]:99999999999999999999", "[12345::]:1",
  ])
  func whatIsNone(text: String) {
    #expect(SocketAddress(text) == nil)
  }

  @Test func mappedAddressesArePeers() throws {
    let mapped = try #require(IPAddress("::ffff:10.0.0.1"))
    #expect(mapped.unmapped == IPAddress("10.0.0.1"))
    let plain = try #require(IPAddress("::1"))
    #expect(plain.unmapped == plain)
  }

  @Test(arguments: [
    Endpoint.allocateJob, .status, .heartbeat, .jobState(JobID(.max)), .assignJob(JobID(0)),
    .submitToolchain(JobID(17)), .runJob(JobID(1 << 63)),
    .serverCertificate(SocketAddress(host: .v4(0x7f00_0001), port: 10501)),
    .serverCertificate(SocketAddress(host: .v6(0, 1), port: 10501)),
  ])
  func paths(endpoint: Endpoint) {
    #expect(Endpoint(method: endpoint.method, path: endpoint.path) == endpoint)
    #expect(Endpoint(method: endpoint.method, path: endpoint.path + "?x=1") == endpoint)
    #expect(Endpoint(method: endpoint.method, path: endpoint.path + "/") == nil)
    #expect(Endpoint(method: "PUT", path: endpoint.path) == nil)
    let other = endpoint.method == "GET" ? "POST" : "GET"
    #expect(Endpoint(method: other, path: endpoint.path) == nil)
  }

  @Test(arguments: [
    "/", "", "/api/v1/scheduler", "/api/v1/scheduler/", "/api/v1/scheduler/alloc_job/1",
    "/api/v1/scheduler/job_state", "/api/v1/scheduler/job_state/", "/api/v1/scheduler/job_state/x",
    "/api/v1/scheduler/job_state/-1", "/api/v1/scheduler/job_state/18446744073709551616",
    "/api/v1/distserver/run_job", "/api/v1/distserver/run_job/1/2", "/api/v2/scheduler/alloc_job",
    "/api/v1/distserver/alloc_job", "//api/v1/scheduler/alloc_job",
  ])
  func noPaths(path: String) {
    #expect(Endpoint(method: "POST", path: path) == nil)
    #expect(Endpoint(method: "GET", path: path) == nil)
  }

  @Test func escapedAddresses() {
    let path = "/api/v1/scheduler/server_certificate/%5B::1%5d%3A10507"
    #expect(
      Endpoint(method: "GET", path: path)
        == .serverCertificate(SocketAddress(host: .v6(0, 1), port: 10507)))
  }

  @Test func contentTypes() {
    #expect(Endpoint.allocateJob.accepts(contentType: "application/octet-stream; x=y"))
    #expect(!Endpoint.allocateJob.accepts(contentType: nil))
    #expect(!Endpoint.heartbeat.accepts(contentType: "application/json"))
    #expect(Endpoint.submitToolchain(JobID(1)).accepts(contentType: nil))
  }
}
