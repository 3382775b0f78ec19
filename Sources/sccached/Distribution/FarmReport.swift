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
    let found: JSONValue
    do throws(FarmFailure) {
      found = .tagged("SchedulerStatus", .array([.text(url + "/"), try client.status().json]))
    } catch {
      found = .tagged("NotConnected", .array([.text(url + "/"), .text("\(error)")]))
    }
    return String(decoding: found.bytes, as: UTF8.self)
  }
}
