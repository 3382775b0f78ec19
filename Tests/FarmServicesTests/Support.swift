import Settings

@testable import FarmServices

/// The settings of a build server with this port on 127.0.0.1.
func workerSettings(
  port: Int, schedulerURL: String, directory: String
) throws -> BuildServerSettings {
  try BuildServerSettings(
    path: "server.toml",
    text: """
      cache_dir = "\(directory)"
      public_addr = "127.0.0.1:\(port)"
      scheduler_url = "\(schedulerURL)"
      [builder]
      type = "overlay"
      build_dir = "\(directory)"
      bwrap_path = "/usr/bin/bwrap"
      [scheduler_auth]
      type = "token"
      token = "s"
      """)
}
