import CPosix
import Glibc

extension [UInt8] {
  package func contains(bytes needle: [UInt8]) -> Bool {
    memmem(self, count, needle, needle.count) != nil
  }
}

extension String {
  /// Byte for byte: the standard library's `contains` goes by characters, which takes a hundred times
  /// as long.
  package func contains(bytes needle: StaticString) -> Bool {
    var text = self
    return text.withUTF8 {
      memmem($0.baseAddress, $0.count, needle.utf8Start, needle.utf8CodeUnitCount)
    }
      != nil
  }
}
