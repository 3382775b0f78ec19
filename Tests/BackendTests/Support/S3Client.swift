import Platform
import Settings
import Storage
import TestSupport

/// Makes S3 services for tests: nothing of the machine's own environment gets in.
struct S3Client {
  var settings = S3Settings(bucket: "cache")
  var variables: [String: String] = [:]
  var clock = TestClock()

  init(port: Int, _ variables: [String: String] = [:]) {
    settings.endpoint = "http://127.0.0.1:\(port)"
    settings.region = "eu-west-1"
    self.variables = variables
  }

  init(port: Int, id: String, secret: String) {
    self.init(port: port, ["AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret])
  }

  func service() throws -> any BlobService {
    let variables = variables
    let clock = clock
    return try BlobServices.service(
      for: .s3(settings), BackendContext(variable: { variables[$0] }, now: { clock.now }))
  }
}
