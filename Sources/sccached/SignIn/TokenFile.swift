import Glibc
import Platform
import Settings

/// The file in which tokens of `--dist-auth` are kept; nobody but its owner reads it.
struct TokenFile {
  let path: String
  private var content: CachedConfiguration

  /// A missing file is an empty one.
  ///
  /// - Throws: `notSaved` when what is there can't be kept.
  init(_ path: String) throws(SignInFailure) {
    self.path = path
    guard access(path, F_OK) == 0 else {
      content = CachedConfiguration()
      return
    }
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Files.read(path, limit: 1 << 20)
    } catch {
      throw .notSaved(path: path, reason: "\(error)")
    }
    do throws(SettingsError) {
      content = try CachedConfiguration(path: path, text: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw .notSaved(
        path: path, reason: "\(error.causes.last ?? error.message); correct the file or remove it")
    }
  }

  mutating func save(_ token: Secret, for authority: String) throws(SignInFailure) {
    content.authTokens[authority] = token
    // A link keeps its place: what it leads to is replaced.
    let target = ProgramLookup.realPath(path) ?? path
    let temporary = "\(target).\(getpid()).new"
    unlink(temporary)
    do throws(SystemError) {
      let directory = Path.directory(of: target)
      if access(directory, F_OK) != 0 { try Files.makeDirectories(directory, mode: 0o700) }
      try Files.write(Array(content.text.utf8), to: target, temporary: temporary, mode: 0o600)
    } catch {
      throw .notSaved(path: path, reason: "\(error)")
    }
  }
}
