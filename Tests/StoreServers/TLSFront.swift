import TestSupport

/// nginx speaking TLS.
package enum TLSFront {
  /// Stands before a store's server that doesn't, and passes on what it is asked as it came.
  package static func before(
    _ server: TestServer, showing certificate: TestCertificate
  ) throws -> TestServer {
    try answering(
      """
      proxy_pass http://127.0.0.1:\(server.port); proxy_http_version 1.1;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
      """, showing: certificate)
  }

  /// - Parameter directives: what it does with every question.
  package static func answering(
    _ directives: String, showing certificate: TestCertificate
  ) throws -> TestServer {
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
            listen 127.0.0.1:\(port) ssl http2; client_max_body_size 100m;
            ssl_certificate \(certificate.certificate); ssl_certificate_key \(certificate.key);
            location / { \(directives) }
          }
        }
        """)
      return ["-c", directory("nginx.conf")]
    }
  }
}
