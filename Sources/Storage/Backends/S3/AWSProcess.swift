#if S3
  import Glibc
  import Platform
  import Settings

  /// A program that a profile names and that prints keys: `credential_process`.
  struct AWSProcess {
    let context: BackendContext
    /// The profile, for messages.
    let profile: String

    /// No set of keys is longer.
    private static let longestOutput = 256 << 10

    func grant(
      _ command: String, _ requests: CredentialRequests
    ) throws(BlobFailure) -> AWSKeys.Granted {
      let subject = "credential_process of the profile '\(profile)'"
      let seconds = requests.secondsLeft
      let result: ProcessResult
      do throws(SystemError) {
        // As Amazon's own libraries do: arguments in quotes may have spaces.
        result = try Spawn.run(
          "/bin/sh", ["-c", command], environment: context.environment(), directory: "/",
          timeoutSeconds: seconds, outputLimit: Self.longestOutput)
      } catch {
        guard error.code == ETIMEDOUT else { throw .denied("\(subject): \(error)") }
        throw .timedOut(
          "\(subject) did not end within \(seconds) s: SCCACHE_REMOTE_LOOKUP_TIMEOUT_MS gives it more"
        )
      }
      guard result.isSuccess else {
        // What it printed may be anything, secrets among it.
        throw .denied("\(subject) ended with \(Self.ending(result)): run it by hand to see why")
      }
      return try Self.granted(String(decoding: result.output, as: UTF8.self), subject)
    }

    private static func ending(_ result: ProcessResult) -> String {
      result.signal == 0 ? "exit code \(result.exitCode)" : "signal \(result.signal)"
    }

    /// `{"Version": 1, "AccessKeyId": …, "SecretAccessKey": …, "SessionToken": …, "Expiration": …}`.
    private static func granted(
      _ text: String, _ subject: String
    ) throws(BlobFailure) -> AWSKeys.Granted {
      guard let table = try? JSONDocument.parse(text) else {
        throw .denied("\(subject) printed no JSON object")
      }
      guard table["Version"] == .integer(1) else {
        throw .denied("\(subject) printed another Version than 1")
      }
      return try AWSKeys.granted(subject) { name in
        if case .string(let value) = table[name] { value } else { nil }
      }
    }
  }
#endif
