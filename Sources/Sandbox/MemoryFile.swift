import CSandbox
import Glibc
package import Platform

/// A file without a name, in memory; gone with its last reference.
package final class MemoryFile: Sendable {
  package let file: Descriptor

  /// An empty file; the label shows in /proc.
  package init(_ label: String) throws(SystemError) {
    let made = Descriptor(csandbox_memory_file(label))
    guard made.number >= 0 else { throw SystemError("make a memory file for", label) }
    file = made
  }

  /// Lets the next reader begin at the start.
  func rewind() throws(SystemError) {
    guard lseek(file.number, 0, SEEK_SET) == 0 else {
      throw SystemError("seek in", "a memory file")
    }
  }
}
