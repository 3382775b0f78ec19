/// A configuration file as text, and what was parsed from it.
struct ConfigurationFile {
  enum Format: String {
    case toml
    case json
  }

  let path: String
  let format: Format
  let text: String
  let root: [String: ConfigurationValue]

  /// - Parameters:
  ///   - path: one that ends in `.json` is JSON, any other TOML.
  ///   - known: the format, whatever the name.
  init(path: String, text: String, format known: Format? = nil) throws(SettingsError) {
    self.path = path
    self.text = text
    format = known ?? (path.hasSuffix(".json") ? .json : .toml)
    do throws(DocumentError) {
      root = try format == .json ? JSONDocument.parse(text) : TOMLDocument.parse(text)
    } catch {
      let place = error.line.map { ":\($0)" + (error.column.map { ":\($0)" } ?? "") } ?? ""
      throw Self.error(path, format, "\(path)\(place): \(error.problem)")
    }
  }

  /// File and key, with line and column where they can be found.
  func place(of key: [String]) -> String {
    var place = path
    if format == .toml, let position = TOMLScanner.position(of: key, in: text) {
      place += ":\(position.line):\(position.column)"
    }
    return key.isEmpty ? place : place + ": " + key.joined(separator: ".")
  }

  func error(at key: [String], _ problem: String) -> SettingsError {
    Self.error(path, format, "\(place(of: key)) \(problem)")
  }

  private static func error(_ path: String, _ format: Format, _ cause: String) -> SettingsError {
    SettingsError(
      "Failed to load config file",
      causes: ["Failed to load \(format.rawValue) config file from \(path)", cause])
  }
}

/// What is wrong with the form of a document.
package struct DocumentError: Error {
  var line: Int?
  var column: Int?
  var problem: String
}
