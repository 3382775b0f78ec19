import Settings
import Storage
import TestSupport
import Testing

@Suite(.blocking) struct WebDAVTests {
  /// nginx as it is usually set up, with directories made by MKCOL alone.
  private func nginx(_ more: String = "") throws -> TestServer {
    try TestServer("nginx", package: "apt-get install nginx-light") { port, directory in
      try directory.write(
        "nginx.conf",
        """
        daemon off; master_process off; pid \(directory("pid")); error_log stderr;
        events {}
        http {
          access_log off; client_body_temp_path \(directory("body"));
          proxy_temp_path \(directory("p")); fastcgi_temp_path \(directory("f"));
          uwsgi_temp_path \(directory("u")); scgi_temp_path \(directory("s"));
          server {
            listen 127.0.0.1:\(port); root \(directory.path); client_max_body_size 100m;
            location / { dav_methods PUT DELETE MKCOL; \(more) }
          }
        }
        """)
      return ["-c", directory("nginx.conf")]
    }
  }

  private func service(
    _ server: TestServer, _ change: (inout WebDAVSettings) -> Void = { _ in }
  ) throws -> any BlobService {
    var settings = WebDAVSettings(endpoint: "http://127.0.0.1:\(server.port)/")
    settings.keyPrefix = "team/cache"
    change(&settings)
    return try BlobServices.service(
      for: .webdav(settings), BackendContext(variable: { _ in nil }))
  }

  @Test func nginxMakesDirectoriesItself() throws {
    let server = try nginx("create_full_put_path on;")
    try BlobContract(first: try service(server), second: try service(server)).check()
  }

  @Test func directoriesAreMadeByMKCOL() throws {
    let server = try nginx()
    try BlobContract(first: try service(server), second: try service(server)).check()
  }
}
