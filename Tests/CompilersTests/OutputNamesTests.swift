import Compilers
import Testing

/// Each row is what the compilers wrote: gcc 11.3 and 12.2, clang 14.0.6, 16.0.6 and 19.1.7.
@Suite struct OutputNamesTests {
  @Test(arguments: [
    ("src/a.b.c", ["obj a.b.o"]),
    ("src/a.b.c -o dir/b.o", ["obj dir/b.o"]),
    ("--coverage src/a.b.c", ["obj a.b.o", "gcno a.b.gcno"]),
    ("--coverage src/a.b.c -o dir/b.o", ["obj dir/b.o", "gcno dir/b.gcno"]),
    ("-ftest-coverage src/a.b.c -o dir.x/b", ["obj dir.x/b", "gcno dir.x/b.gcno"]),
    ("--coverage src/a.b.c -o b.c.obj", ["obj b.c.obj", "gcno b.c.gcno"]),
    ("--coverage src/a.b.c -o dir.x/.o", ["obj dir.x/.o", "gcno dir.x/.o.gcno"]),
    ("-fprofile-arcs a.c", ["obj a.o"]),
    ("-fstack-usage src/a.b.c", ["obj a.b.o", "su a.b.su"]),
    ("-fstack-usage a.c -o dir/.o", ["obj dir/.o", "su dir/.o.su"]),
    ("-fcallgraph-info=su,da a.c -o dir/z.o", ["obj dir/z.o", "ci dir/z.ci"]),
    ("-fsave-optimization-record src/a.b.c", ["obj a.b.o", "opt a.b.c.opt-record.json.gz"]),
    (
      "-fsave-optimization-record src/a.b.c -o b.c.obj",
      ["obj b.c.obj", "opt b.c.c.opt-record.json.gz"]
    ),
    ("-fsave-optimization-record a.c -o x", ["obj x", "opt x.c.opt-record.json.gz"]),
    ("-g -gsplit-dwarf a.c -o dir/b.o", ["obj dir/b.o", "dwo dir/b.dwo"]),
    ("-gsplit-dwarf a.c", ["obj a.o", "dwo a.dwo"]),
    ("-gsplit-dwarf -g0 a.c", ["obj a.o", "dwo a.dwo"]),
    ("-g -gsplit-dwarf a.c -o .o", ["obj .o", "dwo .o.dwo"]),
    ("inc/h.h", ["obj inc/h.h.gch"]),
    ("-x c++-header inc/h.h", ["obj inc/h.h.gch"]),
  ])
  func gcc(_ line: String, _ outputs: [String]) throws {
    #expect(try parsed("-c " + line).outputs.map { "\($0.name) \($0.path)" } == outputs)
  }

  @Test(arguments: [
    ("src/a.b.c", ["obj a.b.o"]),
    ("--coverage src/a.b.c", ["obj a.b.o", "gcno a.b.gcno"]),
    ("--coverage src/a.b.c -o dir.x/.o", ["obj dir.x/.o", "gcno dir.x/.gcno"]),
    ("-fstack-usage a.c -o dir.x/.o", ["obj dir.x/.o", "su dir.x/.su"]),
    ("-fsave-optimization-record src/a.b.c", ["obj a.b.o", "opt a.opt.yaml"]),
    ("-fsave-optimization-record a.c", ["obj a.o", "opt a.opt.yaml"]),
    ("-fsave-optimization-record a.c -o dir/b.c.o", ["obj dir/b.c.o", "opt dir/b.c.opt.yaml"]),
    ("-foptimization-record-file=z.yaml a.c", ["obj a.o", "opt z.yaml"]),
    ("-g -gsplit-dwarf a.c -o dir.x/.o", ["obj dir.x/.o", "dwo dir.x/.dwo"]),
    ("-gsplit-dwarf a.c", ["obj a.o"]),
    ("-gsplit-dwarf -g0 a.c", ["obj a.o"]),
    ("-g -gsplit-dwarf=single a.c", ["obj a.o"]),
    ("-ftime-trace a.b.c", ["obj a.b.o", "json a.b.json"]),
    ("-ftime-trace=sub/t.json a.c", ["obj a.o", "json sub/t.json"]),
    ("-ftime-trace=sub a.c", ["obj a.o", "json sub/a.json"]),
    ("-ftime-trace=sub a.c -o dir/k.o", ["obj dir/k.o", "json sub/k.json"]),
    ("-emit-llvm a.c", ["obj a.bc"]),
    ("--serialize-diagnostics d.dia a.c", ["obj a.o", "dia d.dia"]),
    ("-std=c++20 -fmodule-output m.cppm -o dir/m.o", ["obj dir/m.o", "module dir/m.pcm"]),
    ("-std=c++20 -fmodule-output m.cppm", ["obj m.o", "module m.pcm"]),
    ("-std=c++20 -fmodule-output=s/n.pcm m.cppm", ["obj m.o", "module s/n.pcm"]),
    ("-std=c++20 --precompile m.cppm", ["obj m.pcm"]),
    ("inc/h.h", ["obj inc/h.h.pch"]),
  ])
  func clang(_ line: String, _ outputs: [String]) throws {
    let files = Files(directories: ["sub"])
    let compilation = try parsed("-c " + line, .clang, files: files)
    #expect(compilation.outputs.map { "\($0.name) \($0.path)" } == outputs)
  }

  @Test func precompiledHeaderOfClangByVersion() throws {
    #expect(try parsed("-c h.h", .clang14).primaryOutput == "h.h.gch")
    let between = Compiler(family: .clang, version: "17", majorVersion: 17, treatsCAsCXX: false)
    #expect(reason("-c h.h", between) == "-o")
    #expect(reason("-c h.h -o h.pch", between) == nil)
  }

  /// The name of a side output is no part of the key; that it is asked for is.
  @Test func keyOfSideOutputs() throws {
    let one = try parsed("-c a.c --serialize-diagnostics x", .clang)
    let other = try parsed("-c a.c --serialize-diagnostics y", .clang)
    #expect(one.keyArguments == other.keyArguments)
    #expect(one.keyArguments != (try parsed("-c a.c", .clang).keyArguments))
  }
}
