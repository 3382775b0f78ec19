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

  /// - Parameter path: one that ends in `.json` is JSON, any other TOML.
  init(path: String, text: String) throws(SettingsError) {
    self.path = path
    self.text = text
    format = path.hasSuffix(".json") ? .json : .toml
    do throws(DocumentError) {
      root = try format == .json ? JSONDocument.parse(text) : TOMLDocument.parse(text)
    } catch {
      let place = error.line.map { ":\($0)" + (error.column.map { ":\($0)" } ?? "") } ?? ""
      throw Self.error(path, format, "\(path)\(place): \(error.problem)")
    }
  }

  /// An error at a key, with its line where that can be found.
  func error(at key: [String], _ problem: String) -> SettingsError {
    var place = path
    if format == .toml, let position = KeyLocator(text).position(of: key) {
      place += ":\(position.line):\(position.column)"
    }
    let name = key.isEmpty ? "" : key.joined(separator: ".") + " "
    return Self.error(path, format, "\(place): \(name)\(problem)")
  }

  private static func error(_ path: String, _ format: Format, _ cause: String) -> SettingsError {
    SettingsError(
      "Failed to load config file",
      causes: ["Failed to load \(format.rawValue) config file from \(path)", cause])
  }
}

/// What is wrong with the form of a document.
struct DocumentError: Error {
  var line: Int?
  var column: Int?
  var problem: String
}
