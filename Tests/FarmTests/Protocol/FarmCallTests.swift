import Platform
import Testing

@testable import Farm

@Suite struct FarmCallTests {
  @Test(arguments: [
    FarmCall.allocateJob, .status, .heartbeat, .jobState(JobID(.max)), .cancelJob(JobID(.max)),
    .assignJob(JobID(0)),
    .submitToolchain(JobID(17)), .runJob(JobID(1 << 63)),
    .serverCertificate(SocketAddress(host: .v4(0x7f00_0001), port: 10501)),
    .serverCertificate(SocketAddress(host: .v6(0, 1), port: 10501)),
  ])
  func paths(call: FarmCall) {
    #expect(FarmCall(method: call.method, path: call.path) == call)
    #expect(FarmCall(method: call.method, path: call.path + "?x=1") == call)
    #expect(FarmCall(method: call.method, path: call.path + "/") == nil)
    #expect(FarmCall(method: "PUT", path: call.path) == nil)
    let other = call.method == "GET" ? "POST" : "GET"
    #expect(FarmCall(method: other, path: call.path) == nil)
  }

  @Test(arguments: [
    "/", "", "/api/v1/scheduler", "/api/v1/scheduler/", "/api/v1/scheduler/alloc_job/1",
    "/api/v1/scheduler/job_state", "/api/v1/scheduler/job_state/", "/api/v1/scheduler/job_state/x",
    "/api/v1/scheduler/job_state/-1", "/api/v1/scheduler/job_state/18446744073709551616",
    "/api/v1/distserver/run_job", "/api/v1/distserver/run_job/1/2", "/api/v2/scheduler/alloc_job",
    "/api/v1/distserver/alloc_job", "//api/v1/scheduler/alloc_job",
  ])
  func noPaths(path: String) {
    #expect(FarmCall(method: "POST", path: path) == nil)
    #expect(FarmCall(method: "GET", path: path) == nil)
  }

  @Test func escapedAddresses() {
    let path = "/api/v1/scheduler/server_certificate/%5B::1%5d%3A10507"
    #expect(
      FarmCall(method: "GET", path: path)
        == .serverCertificate(SocketAddress(host: .v6(0, 1), port: 10507)))
  }

  @Test func contentTypes() {
    #expect(FarmCall.allocateJob.accepts(contentType: "application/octet-stream; x=y"))
    #expect(!FarmCall.allocateJob.accepts(contentType: nil))
    #expect(!FarmCall.heartbeat.accepts(contentType: "application/json"))
    #expect(FarmCall.submitToolchain(JobID(1)).accepts(contentType: nil))
  }
}
