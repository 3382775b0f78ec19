import Farm
import Settings

/// What `--dist-status` prints, in Mozilla's three forms.
enum FarmReport {
  /// - Parameter client: nil: one for these settings is made.
  static func text(_ settings: Settings, client: FarmClient?) -> String {
    guard let url = settings.distribution.schedulerURL else {
      return "{\"Disabled\":\"disabled\"}"
    }
    // The status needs no token.
    let client = client ?? FarmClient(schedulerURL: url, token: Secret(""))
    func quoted(_ text: String) -> String {
      String(decoding: JSONValue.text(text).bytes, as: UTF8.self)
    }
    let name = quoted(url + "/")
    do throws(FarmFailure) {
      return "{\"SchedulerStatus\":[\(name),\(try client.status())]}"
    } catch {
      return "{\"NotConnected\":[\(name),\(quoted("\(error)"))]}"
    }
  }
}
