import CFuzzer
import CPosix
import Glibc

/// `Fuzz TARGET [libFuzzer's own arguments]`; `Fuzz` alone lists the targets.
@main
enum Fuzz {
  /// Set once, before the first input.
  nonisolated(unsafe) static var target = Target.frame

  static func main() {
    guard CommandLine.arguments.count > 1 else {
      print(Target.allCases.map(\.rawValue).joined(separator: "\n"))
      return
    }
    guard let target = Target(rawValue: CommandLine.arguments[1]) else {
      print("no such target: \(CommandLine.arguments[1])")
      exit(2)
    }
    self.target = target
    // Without the target's name, for libFuzzer.
    var arguments = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
    arguments.withUnsafeMutableBufferPointer { arguments in
      var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
      pointers.withUnsafeMutableBufferPointer { pointers in
        var count = Int32(arguments.count)
        var start = pointers.baseAddress
        exit(
          LLVMFuzzerRunDriver(&count, &start) { bytes, count in
            testOneInput(bytes, count)
          })
      }
    }
  }
}

/// libFuzzer's own main is linked too, though never run, and wants this name.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  Fuzz.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
