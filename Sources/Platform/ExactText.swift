import Glibc

/// A text that equals another one only byte for byte: file names that Unicode takes for equal (composed
/// and decomposed letters) are different files.
package struct ExactText: Hashable, Sendable {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package static func == (left: ExactText, right: ExactText) -> Bool {
    let length = left.text.utf8.count
    guard length == right.text.utf8.count else { return false }
    // Comparing whole texts is ten times as fast as one byte after the other.
    let same = left.text.utf8.withContiguousStorageIfAvailable { left in
      right.text.utf8.withContiguousStorageIfAvailable { right in
        guard length > 0, let left = left.baseAddress, let right = right.baseAddress else {
          return true
        }
        return memcmp(left, right, length) == 0
      }
    }
    return same?.flatMap { $0 } ?? left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = self.text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
