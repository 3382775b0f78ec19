import FoundationEssentials

/// JSON, by Foundation's decoder.
enum JSONDocument {
  static func parse(_ text: String) throws(DocumentError) -> [String: ConfigurationValue] {
    let value: ConfigurationValue
    do {
      value = try JSONDecoder().decode(Node.self, from: Data(text.utf8)).value
    } catch DecodingError.dataCorrupted(let context) {
      let detail = context.underlyingError.map { ": \(explanation($0))" } ?? ""
      throw DocumentError(problem: "not valid JSON\(detail)")
    } catch {
      throw DocumentError(problem: "not valid JSON")
    }
    guard case .table(let table) = value else {
      throw DocumentError(problem: "must be an object at the top, found \(value.kind)")
    }
    return table
  }

  private static func explanation(_ error: any Error) -> String {
    (error as? CocoaError)?.userInfo["NSDebugDescription"] as? String ?? "\(error)"
  }
}

private struct Node: Decodable {
  let value: ConfigurationValue

  init(from decoder: any Decoder) throws {
    if let keyed = try? decoder.container(keyedBy: Name.self) {
      var table: [String: ConfigurationValue] = [:]
      for key in keyed.allKeys {
        table[key.stringValue] = try keyed.decode(Node.self, forKey: key).value
      }
      value = .table(table)
      return
    }
    if var list = try? decoder.unkeyedContainer() {
      var array: [ConfigurationValue] = []
      while !list.isAtEnd { array.append(try list.decode(Node.self).value) }
      value = .array(array)
      return
    }
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      value = .other("null")
    } else if let boolean = try? single.decode(Bool.self) {
      value = .boolean(boolean)
    } else if let integer = try? single.decode(Int.self) {
      value = .integer(integer)
    } else if let number = try? single.decode(Double.self) {
      value = .number(number)
    } else {
      value = .string(try single.decode(String.self))
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
