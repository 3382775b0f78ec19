import Farm
import Settings

/// What `--dist-status` prints, in Mozilla's three forms.
enum FarmReport {
  /// - Parameter client: nil: one for these settings is made.
  static func text(_ settings: Settings, client: FarmClient?) -> String {
    guard let url = settings.distribution.schedulerURL else {
      return "{\"Disabled\":\"disabled\"}"
    }
    let token = ClientToken(settings)
    let client =
      client
      ?? FarmClient(schedulerURL: url, deadlines: settings.distribution.deadlines) { token.current }
    func quoted(_ text: String) -> String {
      String(decoding: JSONValue.text(text).bytes, as: UTF8.self)
    }
    let name = quoted(url + "/")
    let rest = client.rest
    do throws(FarmFailure) {
      return "{\"SchedulerStatus\":[\(name),\(try client.status())]}"
    } catch {
      return "{\"NotConnected\":[\(name),\(quoted(message(error, rest: rest)))]}"
    }
  }

  /// Mozilla's words first, since scripts look for them, then the reason in ours.
  ///
  /// - Parameter rest: nanoseconds for which the scheduler was left alone when it was asked.
  static func message(_ failure: FarmFailure, rest: Int64) -> String {
    switch failure {
    case .notSignedIn: return "enabled, auth not configured: run sccache --dist-auth"
    case .schedulerAway where rest > 0:
      // With one digit, rounded up: never "in 0.0s".
      let tenths = (rest + 99_999_999) / 100_000_000
      return "enabled, not connected, will retry in \(tenths / 10).\(tenths % 10)s"
    default: return "could not communicate with scheduler: \(failure)"
    }
  }
}
