import TestSupport
import Testing

@testable import Settings

/// Whatever stands in the file, it is taken or refused; nothing crashes, and a message is one line.
@Suite struct FuzzTests {
  private static let pieces: [String] = [
    "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\n", "\r\n", " ", "\t", "#", "\"", "'",
    "\"\"\"", "'''", "\\", "\\u0000", "\\u0061", "\\U0010FFFF", "\0", "\u{feff}", "ä", "🙂",
    "cache", "disk", "s3", "redis", "dist", "auth", "toolchains", "multilevel", "chain", "size",
    "bucket", "basedirs", "jobs", "preprocessor_cache_mode", "[cache.disk]\n", "[cache.s3]\n",
    "[[dist.toolchains]]\n", "size = ", "true", "false", "inf", "nan", "0x7f", "1e400",
    "9223372036854775807", "-9223372036854775808", "1979-05-27T07:32:00Z", "07:32:00", "\"/a\"",
    "\"5G\"", "[1, 2]", "{ a = 1 }", ":", "null", "{\"cache\":", "[[[[[[[[",
    "\u{2028}", "\u{85}", "\u{a0}", "\u{b}", "\u{c}", "\r", "a = ", "_", "+", "-", "1979-", "T",
    "\u{7f}",
  ]

  private func check(_ text: String, _ path: String) {
    do throws(SettingsError) {
      let settings = try load(["SCCACHE_CONF": path], file: text, path: path)
      #expect(!settings.levels.isEmpty)
    } catch {
      #expect(!error.message.isEmpty)
      #expect(!error.causes.isEmpty)
    }
  }

  @Test(arguments: ["/c.toml", "/c.json"])
  func pieces(path: String) {
    var generator = SeededGenerator(seed: 0x5eed)
    for _ in 0..<4000 {
      let count = Int.random(in: 0...24, using: &generator)
      let text = (0..<count).map { _ in Self.pieces.randomElement(using: &generator) ?? "" }
      check(text.joined(), path)
    }
  }

  @Test(arguments: ["/c.toml", "/c.json"])
  func bytes(path: String) {
    var generator = SeededGenerator(seed: 0xb17e5)
    for _ in 0..<3000 {
      let count = Int.random(in: 0...80, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      check(String(decoding: bytes, as: UTF8.self), path)
    }
  }

  /// A good file with single bytes changed, doubled or taken out.
  @Test func mutations() {
    let seed = """
      basedirs = ["/a", "/b"]
      [cache.disk]
      size = "5G"
      preprocessor_cache_mode = { use_preprocessor_cache_mode = true }
      [cache.redis]
      endpoint = "redis://h"
      [[dist.toolchains]]
      type = "no_dist"
      compiler_executable = '/cc'
      """
    var generator = SeededGenerator(seed: 0x3147)
    for _ in 0..<4000 {
      var bytes = Array(seed.utf8)
      for _ in 0...Int.random(in: 0...3, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...127, using: &generator)
        case 1: bytes.remove(at: index)
        default: bytes.insert(bytes[index], at: index)
        }
      }
      check(String(decoding: bytes, as: UTF8.self), "/c.toml")
    }
  }

  @Test(arguments: ["[", "{a=", "[{a=", "a.", "\"", "'''", "#"])
  func depth(piece: String) {
    for count in [10, 255, 256, 257, 513, 20_000] {
      check("a = " + String(repeating: piece, count: count), "/c.toml")
      check(String(repeating: piece, count: count), "/c.toml")
    }
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
  func depthOfJSON(piece: String) {
    for count in [10, 255, 511, 513, 20_000] {
      check(String(repeating: piece, count: count), "/c.json")
    }
    check(String(repeating: "[", count: 500) + String(repeating: "]", count: 500), "/c.json")
  }

  @Test func variables() {
    var generator = SeededGenerator(seed: 0xe4)
    let names = StartupVariables.watched + ["SCCACHE_DIRECT", "SCCACHE_BASEDIRS"]
    let values = [
      "", "0", "1", "-1", "true", "x", "/a", "a:b", "/:/../", ",", "disk,s3", "READ_ONLY",
    ]
    for _ in 0..<3000 {
      var environment: [String: String] = [:]
      for _ in 0..<Int.random(in: 0...12, using: &generator) {
        if let name = names.randomElement(using: &generator) {
          environment[name] = values.randomElement(using: &generator)
        }
      }
      do throws(SettingsError) {
        #expect(try !load(environment).levels.isEmpty)
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
  }
}
