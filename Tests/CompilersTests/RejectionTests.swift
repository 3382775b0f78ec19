import Compilers
import Testing

@Suite struct RejectionTests {
  /// Calls that compile nothing that a cache could keep.
  @Test(arguments: [
    "", "a.c", "a.o -o a", "-o a a.o b.o -lm", "--version", "-###  -c a.c", "-dumpmachine",
    "-print-search-dirs", "--help", "--help=target", "-shared a.o -o a.so", "-O2 a.c -o a",
    "-print-prog-name=as", "-S a.c", "-v a.o -o a", "a.c -o /dev/null", "-v", "-Wa,-al a.c",
  ])
  func notCompilations(_ line: String) {
    #expect(reason(line, .gcc) == "notCompilation")
    #expect(reason(line, .clang) == "notCompilation")
  }

  /// Directories of headers that are searched for one language only.
  @Test(arguments: ["-c-isystem", "-objc-isystem", "-objcxx-isystem"])
  func directoriesOfLanguages(option: String) {
    #expect(reason("-c a.c \(option) x", .clang) == option)
    #expect(reason("-c a.c -Xclang \(option) -Xclang x", .clang) == option)
  }

  /// The reason is the option as in the table, as Mozilla's statistics have it; a refusal wins over
  /// the lack of `-c`.
  @Test(arguments: [
    ("-E a.c", "-E"), ("-S -c a.c", "-S"), ("-M a.c", "-M"), ("-MM a.c", "-MM"),
    ("-P -c a.c", "-P"),
    ("-fsyntax-only a.c", "-fsyntax-only"), ("-c a.c -save-temps", "-save-temps"),
    ("-c a.c -save-temps=obj", "-save-temps"), ("--save-temps -c a.c", "--save-temps"),
    ("-c - -o a.o", "-"), ("-c -x none a.c", "-x"), ("-c -xcuda a.c", "-x"),
    ("-c a.c b.c", "multiple input files"), ("-c", "no input file"), ("-c -O2", "no input file"),
    ("-c a.xyz", "unknown source language"), ("-c a", "unknown source language"),
    ("-c a.c -o", "argument parse"), ("-c a.c -I", "argument parse"),
    ("-c a.c -fmodules", "-fmodules"), ("-c a.c -fmodules-ts", "-fmodules-ts"),
    ("-c a.c -o -", "-o"), ("-c a.c -o /dev/stdout", "-o"), ("-c a.c -o /dev/null", "-o"),
    ("-c a.c -MD -MF -", "-MF"), ("-c a.c -MD -MF /dev/stdout", "-MF"), ("-c a.c -MD -MG", "-MG"),
    ("-c a.c -remap", "-remap"), ("-c a.c -fprofile-dir=x", "-fprofile-dir"),
    ("-c a.c -wrapper gdb", "-wrapper"),
    (
      "-c a.c -arch x86_64 -arch arm64",
      "multiple different -arch, and SCCACHE_CACHE_MULTIARCH not set"
    ),
    ("-c a.c -Wa,-adhln=a.lst", "-Wa,"), ("-c a.c -Xassembler -aln=x", "-Wa,"),
    ("-c a.c -Wa,--MD,a.d", "-Wa,"), ("-c a.c -Wp,-P", "-Wp,"), ("-c a.c -Wp,-MD", "-Wp,"),
    ("-c a.c -MD -Wp,-MD,x.d", "-Wp,"), ("-c a.c -v", "-v"), ("-c a.c -H", "-H"),
    ("-c a.c -I-", "-I-"), ("-c a.c -fdebug-prefix-map=x", "argument parse"),
    ("-c a.c -iwithprefix inc", "-iwithprefix"), ("-c a.c -Xarch_arm64 -O2", "-Xarch_"),
    ("-c a.c -fdump-tree-all", "-fdump-"), ("-c a.c -fplugin=name", "-fplugin"),
    ("-index-store-path x -c a.c", "-index-store-path"),
  ])
  func reasonsOfBoth(_ line: String, _ expected: String) {
    #expect(reason(line, .gcc) == expected)
    #expect(reason(line, .clang) == expected)
  }

  @Test(arguments: [
    ("-c a.c -da", "-d"), ("-c a.c -fprofile-use", "-fprofile-use"),
    ("-c a.c -fprofile-use=p", "-fprofile-use"), ("-c a.c -fopt-info-vec=x", "-fopt-info"),
    ("-c a.c -dumpdir x", "-dumpdir"), ("-c a.c -dumpbase x", "-dumpbase"),
    ("-c a.c -aux-info x", "-aux-info"), ("-c a.c -fcompare-debug", "-fcompare-debug"),
    ("-c a.c -fdiagnostics-format=sarif-file", "-fdiagnostics-format"),
    ("-c a.c -fprofile-note=x", "-fprofile-note"),
    ("-c a.c -fplugin=libcc1plugin", "-fplugin=libcc1plugin"),
  ])
  func reasonsOfGCC(_ line: String, _ expected: String) {
    #expect(reason(line, .gcc) == expected)
  }

  @Test(arguments: [
    ("-c a.c -Xclang -fbogus", "Can't handle UnknownFlag arguments with -Xclang"),
    ("-c a.c -Xclang word", "Can't handle Raw arguments with -Xclang"),
    ("-c a.c -Xclang -c", "-c"), ("-c a.c -Xclang -std=c++20", "-std"),
    ("-c a.c -Xclang -E", "-E"), ("-c a.c -Xclang", "argument parse"),
    ("-c a.c -Xclang -load", "argument parse"), ("-c a.c -Xclang -gsplit-dwarf", "-gsplit-dwarf"),
    ("-c a.c -Xclang --coverage", "--coverage"), ("-c a.c -MJ x.json", "-MJ"),
    ("-c a.c -working-directory x", "-working-directory"), ("-c a.c --config x", "--config"),
    ("-c a.c -ivfsoverlay x", "-ivfsoverlay"), ("--analyze -c a.c", "--analyze"),
    ("-c a.c -fprebuilt-module-path=x", "-fprebuilt-module-path"),
    ("-c a.c -ccc-print-phases", "-ccc-"), ("-c a.c -save-stats", "-save-stats"),
    ("-c a.c -driver-mode=cl --driver-mode=cl", "--driver-mode="),
  ])
  func reasonsOfClang(_ line: String, _ expected: String) {
    #expect(reason(line, .clang) == expected)
  }

  @Test func clangTakesEverythingBehindDashesForInputs() throws {
    #expect(try parsed("-c -O2 -- a.c", .clang).input == "a.c")
    #expect(reason("-c -- -odd.c", .clang) == "--")
    #expect(reason("-c -- a.c -O2", .clang) == "multiple input files")
  }

  @Test func valuesAreNoInputs() throws {
    let line = "-c a.c -l m -L x -u s -z now -T f -Xlinker y --param p=1 -e main -idirafter d"
    #expect(try parsed(line).input == "a.c")
  }
}
