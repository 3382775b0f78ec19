import Compilers
import Testing

@Suite struct DetectionTests {
  /// Outputs of `-E` of the probe, abridged.
  @Test func probes() {
    let gcc = "# 0 \"p.c\"\n# 1 \"p.c\"\n# 18 \"p.c\"\ncompiler_id=gcc\ncompiler_major=12\n\n"
    #expect(
      Detection.compiler(fromProbe: gcc + "compiler_version=\"12.2.0\"\n")
        == Compiler(family: .gcc, version: "12.2.0", majorVersion: 12, treatsCAsCXX: false))
    let clang = """
      compiler_id=clang
      compiler_major=19
      compiler_language=c++
      compiler_version="Debian Clang 19.1.7 (3~deb12u1)"
      """
    #expect(
      Detection.compiler(fromProbe: clang)
        == Compiler(
          family: .clang, version: "Debian Clang 19.1.7 (3~deb12u1)", majorVersion: 19,
          treatsCAsCXX: true))
  }

  @Test(arguments: [
    "", "compiler_id=msvc\ncompiler_version=\"x\"\ncompiler_major=1",
    "compiler_id=gcc\ncompiler_version=__VERSION__\ncompiler_major=12",
    "compiler_id=gcc\ncompiler_version=\"12\"", "compiler_id=clang\ncompiler_major=x",
  ])
  func unknownCompilers(_ text: String) {
    #expect(Detection.compiler(fromProbe: text) == nil)
  }

  /// Emscripten behind a compiler launcher, and its clang.
  @Test func startedPrograms() {
    let text = """
       "ccache" /opt/llvm/bin/clang-14 -target wasm32-unknown-emscripten -c a.c
      Target: wasm32-unknown-emscripten
       "/usr/lib/llvm-14/bin/clang" "-cc1" "a.c"
      """
    #expect(
      Detection.startedPrograms(fromDryRun: text)
        == ["ccache", "/opt/llvm/bin/clang-14", "/usr/lib/llvm-14/bin/clang"])
  }

  @Test func searchDirectories() {
    let text = """
      ignoring nonexistent directory "/usr/local/include/x86_64-linux-gnu"
      #include "..." search starts here:
       quoted dir
      #include <...> search starts here:
       /usr/include/c++/12
       /Library/Frameworks (framework directory)
       /usr/include
      End of search list.
       later
      """
    #expect(
      Detection.searchDirectories(fromVerbose: text)
        == ["quoted dir", "/usr/include/c++/12", "/usr/include"])
    #expect(Detection.searchDirectories(fromVerbose: "error") == nil)
    #expect(
      Detection.missingDirectories(
        fromVerbose: """
          ignoring nonexistent directory "/usr/local/include/x86_64-linux-gnu"
          ignoring nonexistent directory ""
          ignoring duplicate directory "/usr/include"
          """) == ["/usr/local/include/x86_64-linux-gnu"])
  }

  @Test func implicitIncludes() {
    let text = """
      # 0 "/dev/null"
      # 0 "<built-in>"
      # 0 "<command-line>"
      # 1 "/usr/include/stdc-predef.h" 1 3 4
      # 0 "<command-line>" 2
      # 1 "/opt/own.h" 1
      # 1 "/usr/include/stdc-predef.h" 1 3 4
      # 1 "/dev/null"
      #define "x"
      """
    #expect(
      Detection.implicitIncludes(fromPreprocessed: text)
        == ["/usr/include/stdc-predef.h", "/opt/own.h"])
    #expect(Detection.implicitIncludes(fromPreprocessed: "") == [])
  }

  private static let gccDryRun = """
    Using built-in specs.
    COLLECT_GCC_OPTIONS='-c' '-march=znver3'
     /usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet -imultiarch x a.c "-march=znver3" -mmmx -mno-hle \
    --param "l1-cache-size=32" --param=l2-cache-size=1024 "-mtune=znver3" -quiet -dumpbase a.c
     as --64 -o a.o /tmp/x.s
    """

  private static let clangDryRun = """
    Debian clang version 19.1.7
     (in-process)
     "/usr/lib/llvm-19/bin/clang" "-cc1" "-triple" "x86_64" "-mrelocation-model" "pic" \
    "-target-cpu" "znver4" "-target-feature" "+avx" "-tune-cpu" "znver4" "-x" "c" "a b.c"
    """

  @Test func dryRuns() {
    let gcc = Detection.frontEndCommand(fromDryRun: Self.gccDryRun)
    #expect(gcc?.first == "/usr/lib/gcc/x86_64-linux-gnu/12/cc1")
    #expect(Detection.assemblerCommand(fromDryRun: Self.gccDryRun)?.first == "as")
    let clang = Detection.frontEndCommand(fromDryRun: Self.clangDryRun)
    #expect(clang?.first == "/usr/lib/llvm-19/bin/clang")
    #expect(clang?.last == "a b.c")
    #expect(Detection.assemblerCommand(fromDryRun: Self.clangDryRun) == nil)
    #expect(Detection.frontEndCommand(fromDryRun: "gcc: error: x") == nil)
  }

  @Test func native() {
    #expect(
      Detection.resolvedNative(fromDryRun: Self.gccDryRun, family: .gcc) == [
        "-march=znver3", "-mmmx", "-mno-hle", "--param", "l1-cache-size=32",
        "--param=l2-cache-size=1024", "-mtune=znver3",
      ])
    #expect(
      Detection.resolvedNative(fromDryRun: Self.clangDryRun, family: .clang) == [
        "-target-cpu", "znver4", "-target-feature", "+avx", "-tune-cpu", "znver4",
      ])
    #expect(Detection.resolvedNative(fromDryRun: " cc1 -march=native a.c", family: .gcc) == nil)
    #expect(Detection.resolvedNative(fromDryRun: " cc1 a.c", family: .gcc) == nil)
    #expect(Detection.resolvedNative(fromDryRun: "", family: .clang) == nil)
  }
}
