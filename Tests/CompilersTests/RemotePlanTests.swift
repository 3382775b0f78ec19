import Glibc
import Platform
import Testing

@testable import Compilers

/// A compilation that is split in two gives the bytes of one that is not; what can't be split stays here.
@Suite(.serialized) struct RemotePlanTests {
  private static let c = ["gcc-11", "gcc-12", "clang-14", "clang-16", "clang-19"]
  private static let cxx = ["g++-11", "g++-12", "clang++-14", "clang++-16", "clang++-19"]

  @Test(arguments: c)
  func sameBytesOfC(compiler: String) throws {
    for options in [
      "-O0", "-O2", "-O3 -funroll-loops -Wall -Wextra", "-Os -fPIC", "-std=gnu99 -O1 -DNAME=3",
      "-std=c11 -pedantic -Werror -UNAME", "-O2 -include part.h -DTEXT=\"t\"",
      "-Iinc -isystem sys -O1",
      "-iquote inc -idirafter sys", "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2",
      "-march=x86-64-v2 -O2", "-ffunction-sections -fdata-sections -fvisibility=hidden",
      "-funsigned-char -fshort-enums", "-O1 -MD -MF out.d", "-fno-builtin -fno-common",
      "-DNDEBUG -O2 -fno-strict-aliasing", "-imacros part.h", "-x c -O1",
    ] {
      try check(compiler, options, Self.sourceC, suffix: "c")
    }
  }

  @Test(arguments: cxx)
  func sameBytesOfCXX(compiler: String) throws {
    for options in [
      "-O0", "-O2 -std=c++17", "-fno-exceptions -fno-rtti", "-O1 -include part.h -DNAME=2",
      "-std=c++20 -fvisibility=hidden -fPIC", "-O2 -DNDEBUG -Wall", "-x c++ -O1",
    ] {
      try check(compiler, options, Self.sourceCXX, suffix: "cc")
    }
  }

  /// With `-g` the producer differs, and nothing that a debugger shows.
  @Test(arguments: c)
  func sameLinesWithDebugInformation(compiler: String) throws {
    let place = try Place(compiler)
    let split = try #require(try place.split("-g -O1", Self.sourceC, suffix: "c"))
    let lines = try [split.whole, split.inTwo].map { object in
      try place.write("o.o", object)
      let dump = try place.run(["objdump", "--dwarf=decodedline", "o.o"])
      // The object's own name stands at the top.
      return String(decoding: dump.output, as: UTF8.self)
    }
    #expect(lines[0].count > 500)
    #expect(lines[0] == lines[1])
  }

  private func check(_ compiler: String, _ options: String, _ source: String, suffix: String) throws
  {
    let place = try Place(compiler)
    let split = try place.split(options, source, suffix: suffix)
    let isSame = split.map { $0.whole == $0.inTwo }
    #expect(isSame == true, "\(compiler) \(options): \(place.trouble)")
  }

  /// The text is not enough: what differs is refused before it is sent.
  @Test(
    arguments: c,
    [
      "#if __COUNTER__ == 0\nint a;\n#endif\nint b = __COUNTER__;\n",
      "const char *t = __TIMESTAMP__;\n", "const char *t = __DATE__ __TIME__;\n",
      "#line 100 \"other.c\"\nint l = __LINE__;\n#include \"inc/level.h\"\nint m = __LINE__;\n",
      "# 5 \"x.y\"\nint l = __LINE__;\n#include \"inc/level.h\"\nint m = __LINE__;\n",
    ])
  func differentMeanings(compiler: String, source: String) throws {
    let place = try Place(compiler)
    let split = try place.split("-O1", source, suffix: "c")
    let isSame = split.map { $0.whole == $0.inTwo }
    #expect(isSame != false)
  }

  @Test(arguments: [
    "-E a.c", "-S a.c", "-c a.i", "-c a.S", "-c a.s", "-c a.c -march=native",
    "-c a.c -mtune=native",
    "-c a.c -fplugin=p.so", "-c a.c --sysroot=/s", "-c a.c --sysroot /s", "-c a.c -B/x",
    "-c a.c -specs=x", "-c a.c -Wa,-al", "-c a.c -Wp,-DX", "-c a.c -fprofile-use",
    "-c a.c -fprofile-generate", "-c a.c --coverage", "-c a.c -fprofile-arcs",
    "-c a.c -ftest-coverage", "-c a.c -fsanitize=address", "-c a.c -save-temps",
    "-c a.c -fdump-tree-all", "-c -x c-header a.h", "-c a.h", "-c a.c -frecord-gcc-switches",
    "-c a.c -gsplit-dwarf=single", "-c a.c -finput-charset=latin1", "-c a.c -fstack-usage",
    "-c a.c -traditional-cpp", "-c a.c -isysroot /s", "-c -x assembler a.c", "a.c", "-c a.c b.c",
    "-c a.c -wrapper gdb", "-c a.c -no-canonical-prefixes", "-c a.c -fprofile-use=p.profdata",
  ])
  func whatStaysHere(line: String) {
    for compiler in [Compiler.gcc, .clang] {
      let plan = (try? parsed(line, compiler)).flatMap { remotePlan(for: $0, compiler: compiler) }
      #expect(plan == nil, "\(compiler.family)")
    }
  }

  @Test func whatReadsTheText() {
    func keeps(_ text: String, _ family: Compiler.Family = .clang) -> Bool {
      keepsItsMeaning(Array(text.utf8), input: "a.c", family: family)
    }
    let good =
      "# 1 \"<built-in>\"\n# 1 \"a.c\"\n# 1 \"x.h\" 1\nint a;\n# 2 \"a.c\" 2\n#define L 1\n"
    #expect(keeps(good) && keeps(good, .gcc))
    #expect(keeps("") && keeps("#") && keeps("__") && keeps("#\n\n  #  \n"))
    for bad in ["#line 5", "  #\t line 5", "# 5 \"other.c\"", "# 5", "int a = __COUNTER__;"] {
      #expect(!keeps(good + bad + "\n"), "\(bad)")
      #expect(keeps(good + bad + "\n", .gcc), "\(bad)")
    }
    for bad in ["__TIME__", "x__DATE__", "/* __TIMESTAMP__ */", "___TIME__"] {
      #expect(!keeps(good + bad) && !keeps(good + bad, .gcc), "\(bad)")
    }
    #expect(keeps(good + "__TIME_ _TIMESTAMP__ __DATE\n"))
  }

  private static let sourceC = """
    #include <stdio.h>
    #include <assert.h>
    #if __has_include("inc/level.h") && !__has_include("inc/none.h")
    #include "inc/level.h"
    #endif
    #ifdef NAME
    int name = NAME;
    #endif
    #define LIST(X) X(red) X(green) /* c */ \\
      X(blue)
    #define DECLARE(n) int n##_value = __LINE__;
    LIST(DECLARE)
    #define TEXT_OF(x) #x
    #define EXPANDED(x) TEXT_OF(x)
    const char *texts[] = {
      TEXT_OF(  a   /* c */ b "c\\n" ), EXPANDED(__LINE__), __FILE__, __BASE_FILE__,
    };
    #define X(n) int n##_list;
    #include "inc/list.inc"
    #undef X
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \\"-Wunused-function\\"")
    static int unused(void) { return 1; }
    _Pragma("GCC diagnostic pop")
    #pragma pack(push, 1)
    struct packed { char c; int i; };
    #pragma pack(pop)
    int levels[] = {__INCLUDE_LEVEL__, sizeof(struct packed)};
    int number(int x) {
      assert(x > 2 && "large enough");
      return printf("%d %s", x, __func__) +
    #include "inc/number.inc"
        ;
    }

    """

  private static let sourceCXX = """
    #include <map>
    #include <string>
    #include "inc/level.h"
    #define TEXT(x) #x
    const char *raw = R"x(a "b" )" // c
    )x";
    template <class T, int N = __LINE__> struct Box { T value{}; int line = N; };
    inline int shared(int x) { static int count; return count += x; }
    std::string join(const std::map<std::string, Box<int>> &all) {
      std::string text = TEXT(a   b);
      for (auto &one : all) text += one.first + std::to_string(one.second.line);
      return text + __FILE__ + std::to_string(1'000 + shared(3));
    }
    #ifdef NAME
    int name = NAME;
    #endif

    """
}
