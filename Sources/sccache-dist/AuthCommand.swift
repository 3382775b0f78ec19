import ArgumentParser
import CPosix
import Farm
import Glibc
import Platform
import Settings

/// `sccache-dist auth`: keys and tokens for the configuration files.
struct AuthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auth", abstract: "Makes keys and tokens.",
    subcommands: [
      AuthInitCommand.self, GenerateKey.self, GenerateServerToken.self, GenerateSharedToken.self,
    ])

  func run() throws {
    throw CommandFailure(
      message: "what is to be made? init for a whole farm; `auth --help` has the rest")
  }

  struct GenerateKey: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "generate-jwt-hs256-key",
      abstract: "Prints a key for the scheduler's [server_auth] of type jwt_hs256.")

    func run() throws {
      print(Base64URL.encode(try randomBytes(32)))
    }
  }

  struct GenerateServerToken: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "generate-jwt-hs256-server-token",
      abstract: "Prints the token of one build server.")

    @Option(help: "The server's public address, IP:PORT.")
    var server: String
    @Option(help: "The scheduler's key.")
    var secretKey: String?
    @Option(help: "The scheduler's configuration, to take the key from.")
    var config: String?

    func validate() throws {
      guard (secretKey == nil) != (config == nil) else {
        throw ValidationError("Give one of --secret-key and --config.")
      }
    }

    func run() throws {
      guard let address = SocketAddress(server) else {
        throw CommandFailure(
          message: "--server must be IP:PORT, as 10.0.0.1:10501, found \"\(server)\"")
      }
      print(ServerToken(server: address).signed(with: try key()))
    }

    private func key() throws -> [UInt8] {
      if let secretKey {
        guard let key = Base64URL.decode(secretKey), key.count == 32 else {
          throw CommandFailure(
            message: "--secret-key must be 32 bytes in base64url; generate-jwt-hs256-key makes one")
        }
        return key
      }
      let path = config ?? ""
      let settings = try loadConfiguration(path) { path, text throws(SettingsError) in
        try SchedulerSettings(path: path, text: text)
      }
      guard case .jwtHS256(let secret) = settings.serverAuthentication,
        let key = Base64URL.decode(secret.value)
      else {
        throw CommandFailure(
          message: "[server_auth] in \(path) is not of type jwt_hs256, which has such tokens")
      }
      return key
    }
  }

  struct GenerateSharedToken: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "generate-shared-token",
      abstract: "Prints a random token for clients, or for servers that share one.")

    @Option(help: "How long it is; a multiple of 8 from 64 to 4096.")
    var bits = 256

    func validate() throws {
      guard bits % 8 == 0, (64...4096).contains(bits) else {
        throw ValidationError("--bits must be a multiple of 8 from 64 to 4096, found \(bits).")
      }
    }

    func run() throws {
      print(Base64URL.encode(try randomBytes(bits / 8)))
    }
  }
}

/// From the kernel.
func randomBytes(_ count: Int) throws -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  var filled = 0
  while filled < count {
    let got = bytes.withUnsafeMutableBytes { buffer in
      getrandom(buffer.baseAddress.map { $0 + filled }, count - filled, 0)
    }
    guard got > 0 else { throw CommandFailure(message: "the kernel gives no random bytes") }
    filled += got
  }
  return bytes
}

/// Reads a configuration file.
func loadConfiguration<Value>(
  _ path: String, _ parse: (String, String) throws(SettingsError) -> Value
) throws -> Value {
  guard let bytes = try? Files.read(path, limit: 1 << 20) else {
    throw CommandFailure(message: "\(path) can't be read: give --config the path of a TOML file")
  }
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw CommandFailure(message: "\(path) is not UTF-8")
  }
  do throws(SettingsError) {
    return try parse(path, text)
  } catch {
    throw CommandFailure(message: error.message, causes: error.causes)
  }
}
