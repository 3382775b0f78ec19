import Glibc
import Platform

/// The names of the members of a static library or an rlib: archives of `ar`, with GNU's table of long names
/// or BSD's way to write them (ar(5)).
enum ArchiveMembers {
  private static let magic = Array("!<arch>\n".utf8)
  private static let headerSize = 60
  private static let mostMembers = 100_000
  private static let longestTable = 16 << 20

  /// Nil when the file can't be read, or is no such archive.
  static func names(of path: String) -> [String]? {
    guard let file = try? Descriptor.open(path, O_RDONLY),
      let size = (try? file.stamp(path: path)).map({ Int($0.size) }),
      (try? file.read(at: 0, count: magic.count, path: path)) == magic
    else { return nil }
    var names: [String] = []
    var table: [UInt8] = []
    var position = magic.count
    while position + headerSize <= size {
      guard names.count < mostMembers,
        let header = try? file.read(at: position, count: headerSize, path: path),
        header.count == headerSize, header[58] == UInt8(ascii: "`"),
        let length = number(header[48..<58]), length <= size - position - headerSize
      else { return nil }
      let content = position + headerSize
      let name = text(header[0..<16])
      if name == "//" {
        guard length <= longestTable,
          let bytes = try? file.read(at: content, count: length, path: path)
        else { return nil }
        table = bytes
      } else if let count = name.hasPrefix("#1/") ? number(header[3..<16]) : nil {
        guard count <= min(length, 4096),
          let bytes = try? file.read(at: content, count: count, path: path)
        else { return nil }
        names.append(text(bytes.prefix { $0 != 0 }))
      } else if name != "/", name != "/SYM64/" {
        guard let full = longName(name, table) else { return nil }
        names.append(full)
      }
      position = content + length + length % 2
    }
    return names
  }

  private static func longName(_ name: String, _ table: [UInt8]) -> String? {
    guard name.hasPrefix("/") else { return name.hasSuffix("/") ? String(name.dropLast()) : name }
    guard let start = Int(name.dropFirst()), table.indices.contains(start) else { return nil }
    let bytes = table[start...].prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    let text = text(bytes)
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    var bytes = bytes
    while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    Int(text(bytes)).flatMap { $0 >= 0 ? $0 : nil }
  }
}
