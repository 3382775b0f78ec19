/// JSON to be written, in the order and the spelling of serde_json.
package indirect enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case unsigned(UInt64)
  case signed(Int64)
  case text(String)
  /// An array of numbers.
  case bytes(ArraySlice<UInt8>)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// An alternative of an enumeration with fields: {"Name": payload}.
  package static func tagged(_ name: String, _ payload: JSONValue) -> JSONValue {
    .object([(name, payload)])
  }

  /// Without any white space.
  package var bytes: [UInt8] {
    var output: [UInt8] = []
    write(to: &output)
    return output
  }

  private func write(to output: inout [UInt8]) {
    switch self {
    case .null: output += "null".utf8
    case .boolean(let truth): output += (truth ? "true" : "false").utf8
    case .unsigned(let number): output += "\(number)".utf8
    case .signed(let number): output += "\(number)".utf8
    case .text(let text): Self.quote(text, to: &output)
    case .bytes(let bytes):
      Self.write(bytes, "[", "]", to: &output) { byte, output in output += "\(byte)".utf8 }
    case .array(let values):
      Self.write(values, "[", "]", to: &output) { value, output in value.write(to: &output) }
    case .object(let members):
      Self.write(members, "{", "}", to: &output) { member, output in
        Self.quote(member.0, to: &output)
        output.append(UInt8(ascii: ":"))
        member.1.write(to: &output)
      }
    }
  }

  private static func write<Items: Collection>(
    _ items: Items, _ open: String, _ close: String, to output: inout [UInt8],
    _ writeItem: (Items.Element, inout [UInt8]) -> Void
  ) {
    output += open.utf8
    var isFirst = true
    for item in items {
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      writeItem(item, &output)
    }
    output += close.utf8
  }

  private static func quote(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x08: output += "\\b".utf8
      case 0x09: output += "\\t".utf8
      case 0x0a: output += "\\n".utf8
      case 0x0c: output += "\\f".utf8
      case 0x0d: output += "\\r".utf8
      case 0..<0x20:
        output += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
