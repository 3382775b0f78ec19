import Glibc
import Platform
import TestSupport

/// Servers of WebDAV as they are usually set up.
package enum WebDAVServers {
  /// Who may use one.
  package enum Access: Sendable {
    case everybody
    /// alice with the password s3cret.
    case basic
    /// Who shows the token t0ken.
    case bearer
  }

  /// - Parameter isFull: directories are made by PUT itself, not by MKCOL alone.
  package static func nginx(
    _ access: Access = .everybody, isFull: Bool = true, tls certificate: TestCertificate? = nil,
    more: String = ""
  ) throws -> TestServer {
    try TestServer("nginx", package: "apt-get install nginx-light") { port, directory in
      try directory.write("users", "alice:\(hash)\n")
      let rule =
        switch access {
        case .everybody: ""
        case .basic: "auth_basic cache; auth_basic_user_file \(directory("users"));"
        case .bearer: "if ($http_authorization != \"Bearer t0ken\") { return 401; }"
        }
      let tls = certificate.map {
        "ssl_certificate \($0.certificate); ssl_certificate_key \($0.key);"
      }
      try directory.write(
        "nginx.conf",
        """
        daemon off; master_process off; pid \(directory("pid")); error_log stderr;
        events {}
        http {
          access_log \(directory("access")); client_body_temp_path \(directory("body"));
          proxy_temp_path \(directory("p")); fastcgi_temp_path \(directory("f"));
          uwsgi_temp_path \(directory("u")); scgi_temp_path \(directory("s"));
          server {
            listen 127.0.0.1:\(port) \(tls == nil ? "" : "ssl"); \(tls ?? "")
            root \(directory.path); client_max_body_size 100m;
            location / {
              \(rule) dav_methods PUT DELETE MKCOL; \(more)
              \(isFull ? "create_full_put_path on;" : "")
            }
          }
        }
        """)
      return ["-c", directory("nginx.conf")]
    }
  }

  /// For alice, as above.
  package static func apache() throws -> TestServer {
    try TestServer("apache2", package: "apt-get install apache2") { port, directory in
      // It gives its rights away.
      chmod(directory.path, 0o755)
      let root = directory("root")
      try Files.makeDirectories(root, mode: 0o777)
      chmod(root, 0o777)
      let locks = directory("locks")
      try Files.makeDirectories(locks, mode: 0o777)
      chmod(locks, 0o777)
      try directory.write("users", "alice:\(hash)\n")
      let modules = [
        "mpm_event", "dav", "dav_fs", "auth_basic", "authn_core", "authn_file", "authz_core",
        "authz_user", "unixd",
      ].map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so" }
      try directory.write(
        "apache.conf",
        modules.filter { !$0.contains("unixd") || !isUnixdStatic }.joined(separator: "\n") + """

          ServerRoot \(directory.path)
          ServerName localhost
          Listen 127.0.0.1:\(port)
          PidFile \(directory("pid"))
          ErrorLog \(directory("errors"))
          Mutex posixsem
          User www-data
          Group www-data
          DocumentRoot \(root)
          DavLockDB \(locks)/db
          <Directory \(root)>
            Dav On
            AuthType Basic
            AuthName cache
            AuthUserFile \(directory("users"))
            Require valid-user
          </Directory>

          """)
      // One process: children would outlive a killed parent.
      return ["-X", "-f", directory("apache.conf")]
    }
  }

  /// For everybody.
  package static func wsgidav() throws -> TestServer {
    try TestServer(
      ServicePrograms.path("wsgidav", "wsgidav"),
      package: ServicePrograms.installation(of: "wsgidav"), environment: ["HOME": "/tmp"]
    ) { port, directory in
      try Files.makeDirectories(directory("root"), mode: 0o755)
      return ["--host", "127.0.0.1", "--port", "\(port)", "--root", directory("root")]
        + ["--auth", "anonymous", "--no-config"]
    }
  }

  private static var isUnixdStatic: Bool {
    access("/usr/lib/apache2/modules/mod_unixd.so", F_OK) != 0
  }

  /// Of the password s3cret, as htpasswd writes it.
  private static let hash: String = {
    let made = try? Spawn.run(
      "/usr/bin/openssl", ["passwd", "-apr1", "-salt", "abcdefgh", "s3cret"], environment: [],
      directory: "/")
    return String(decoding: (made?.output ?? []).filter { $0 != 10 }, as: UTF8.self)
  }()
}
