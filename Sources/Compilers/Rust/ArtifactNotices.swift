/// The lines by which rustc tells cargo that a file is there (`--json=artifacts`).
package enum ArtifactNotices {
  /// Whether the text is such lines and nothing else.
  package static func isAll(of text: [UInt8]) -> Bool {
    text.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
      // `{"$message_type":"artifact",…`; before 1.75 `{"artifact":…`.
      line.starts(with: #"{"$message_type":"artifact","#.utf8)
        || line.starts(with: #"{"artifact":"#.utf8)
    }
  }
}
