/// Makes the name of an archive from its bytes: the id by which servers ask for it. The farm's
/// protocol decides which (BLAKE3 with swapped digits), not this module.
package protocol ArchiveNaming: ~Copyable {
  /// Nothing was given yet.
  init()
  /// Takes the next bytes of the archive.
  mutating func update(_ bytes: UnsafeRawBufferPointer)
  /// 64 lower-case hexadecimal digits, once all bytes were given.
  mutating func finish() -> String
}
