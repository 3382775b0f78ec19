import Compilers
import Testing

@Suite struct ParserTests {
  @Test func plainCall() throws {
    let compilation = try parsed("-O2 -Wall -I inc -D X=1 -pipe -c src/a.c -o out/a.o")
    #expect(compilation.language == .c)
    #expect(compilation.product == .object)
    #expect(compilation.input == "src/a.c")
    #expect(compilation.primaryOutput == "out/a.o")
    #expect(compilation.outputs == [Output(name: "obj", path: "out/a.o", isRequired: true)])
    #expect(compilation.dependencyFile == nil)
    #expect(compilation.keyArguments == ["-O2", "-Wall", "-Iinc", "-DX=1"])
    #expect(compilation.preprocessorArguments == ["-O2", "-Wall", "-I", "inc", "-D", "X=1"])
    #expect(compilation.search.angled == ["inc"])
    #expect(compilation.identityArguments.isEmpty)
  }

  /// Two spellings of one thing share a key.
  @Test(arguments: [
    ("-I inc", "-Iinc"), ("-D A", "-DA"), ("-U A", "-UA"), ("-isystem x", "-isystemx"),
    ("-include x.h", "-includex.h"), ("-iquote q", "-iquoteq"), ("-L x", "-Lx"),
    ("-o b.o", "-ob.o"),
    ("-MD -MFx.d", ""), ("-pipe", ""), ("-fdiagnostics-color", ""),
    ("-fno-diagnostics-color", "-fdiagnostics-color=always"), ("-MD -MP -MT x -MQ y", ""),
    ("-march=native", ""),
  ])
  func spellings(_ left: String, _ right: String) throws {
    let one = try parsed("-c a.c " + left).keyArguments
    let other = try parsed("-c a.c " + right).keyArguments
    #expect(one == other)
  }

  /// What can change an output must change the key.
  @Test(arguments: [
    ("-DA", "-DB"), ("-Ia -Ib", "-Ib -Ia"), ("-O1", "-O2"), ("-DA -UA", "-UA -DA"), ("", "-g"),
    ("-include a.h", "-imacros a.h"), ("-Ia", "-isystem a"), ("-Wa,-mx", "-Wa,-my"),
    ("-Wp,-DA", "-Wp,-DB"), ("-fno-such", ""), ("-fstack-usage", ""), ("-std=c99", "-std=c11"),
    ("--sysroot=/a", "--sysroot=/b"), ("-B /a", "-B /b"), ("-Xpreprocessor -DA", ""),
  ])
  func distinctions(_ left: String, _ right: String) throws {
    let one = try parsed("-c a.c " + left).keyArguments
    let other = try parsed("-c a.c " + right).keyArguments
    #expect(one != other)
  }

  @Test func languageOption() throws {
    #expect(try parsed("-x c++ -c a.c").language == .cxx)
    #expect(try parsed("-xc -c a.foo").language == .c)
    // It holds for what follows it.
    #expect(try parsed("-c a.c -x c++").language == .c)
    #expect(try parsed("-x c -c a.c -x c++").language == .c)
    #expect(try parsed("-c a.c", .gxx).language == .cxx)
    #expect(try parsed("-x c++ -c a.c").explicitLanguage == .cxx)
    #expect(try parsed("-c a.cc").explicitLanguage == nil)
  }

  @Test func searchLists() throws {
    let compilation = try parsed(
      "-c a.c -I a -iquote q -isystem s -I b -idirafter l -iprefix /p/ -iwithprefix w"
        + " -iwithprefixbefore v -include f.h -imacros m.h -include g.h --sysroot=/root -I=/k")
    #expect(compilation.search.quote == ["q"])
    #expect(compilation.search.angled == ["a", "b", "/p/v", "/root/k"])
    #expect(compilation.search.system == ["s", "/p/w"])
    #expect(compilation.search.after == ["l"])
    #expect(compilation.search.forced == ["m.h", "f.h", "g.h"])
    #expect(compilation.identityArguments == ["--sysroot=/root"])
  }

  @Test func prefixedDirectoriesOfClang() throws {
    let search = try parsed("-c a.c -iprefix /p/ -iwithprefix w -idirafter l", .clang).search
    #expect(search.system.isEmpty)
    #expect(search.after == ["/p/w", "l"])
  }

  /// `=` in front of a directory stands for the root of the headers.
  @Test(arguments: [
    ("-isysroot a --sysroot=b", "a/i"), ("--sysroot b -isysroot a", "a/i"),
    ("--sysroot=b", "b/i"), ("-isysroot b -isysroot a", "a/i"), ("--sysroot b --sysroot=a", "a/i"),
  ])
  func directoriesBelowTheRoot(options: String, expected: String) throws {
    let line = "-c a.c -isystem =/i -I=/i -iquote=/i -idirafter=/i " + options
    for compiler in [Compiler.gcc, .clang14, .clang] {
      let search = try parsed(line, compiler).search
      #expect(search.angled == [expected])
      // clang 14 takes the others as they are; `=i` below `a` is `ai` to gcc.
      let other = compiler == .clang14 ? "=/i" : expected
      #expect(search.quote + search.system + search.after == [other, other, other])
    }
    #expect(try parsed("-c a.c -I$SYSROOT/i " + options).search.angled == [expected])
    let below = try parsed("-c a.c -iwithsysroot /i -iwithsysroot k " + options, .clang).search
    #expect(below.system == [expected, "k"])
  }

  @Test func directoriesBelowNoRoot() throws {
    #expect(reason("-c a.c -isystem =/i") == "-isystem=")
    #expect(try parsed("-c a.c -isystem =/i -I=/i", .clang).search.system == ["=/i"])
    #expect(try parsed("-c a.c -iwithsysroot /i", .clang).search.system == ["/i"])
  }

  @Test func cxxDirectories() throws {
    #expect(try parsed("-c a.cc -cxx-isystem x", .clang).search.system == ["x"])
    #expect(try parsed("-c a.c -cxx-isystem x", .clang).search.system.isEmpty)
  }

  @Test func identity() throws {
    let gcc = try parsed("-c a.c -B /b -m32 -nostdinc -mabi=lp64 -march=armv7-a")
    #expect(
      gcc.identityArguments == ["-B", "/b", "-m32", "-nostdinc", "-mabi=lp64", "-march=armv7-a"])
    let clang = try parsed(
      "-c a.c -target arm-linux --gcc-toolchain=/x -stdlib=libc++ -fno-integrated-as", .clang)
    #expect(
      clang.identityArguments
        == ["-target", "arm-linux", "--gcc-toolchain=/x", "-stdlib=libc++", "-fno-integrated-as"])
  }

  @Test func native() throws {
    let compilation = try parsed("-c a.c -march=native -mtune=native -O2 -mavx")
    #expect(compilation.nativeArguments == ["-march=native", "-mtune=native"])
    #expect(compilation.keyArguments == ["-O2", "-mavx"])
    #expect(compilation.preprocessorArguments.contains("-march=native"))
    #expect(try parsed("-c a.c -mcpu=native+crypto").nativeArguments == ["-mcpu=native+crypto"])
    #expect(try parsed("-c a.c -march=nocona").nativeArguments.isEmpty)
  }

  @Test(arguments: [
    ("", Compilation.Colour.automatic), ("-fdiagnostics-color", .always),
    ("-fdiagnostics-color=always", .always), ("-fdiagnostics-color=never", .never),
    ("-fdiagnostics-color=always -fdiagnostics-color=auto", .automatic),
    ("-fno-diagnostics-color", .never),
  ])
  func colour(_ options: String, _ colour: Compilation.Colour) throws {
    let compilation = try parsed("-c a.c " + options)
    #expect(compilation.colour == colour)
    #expect(compilation.keyArguments.isEmpty)
    #expect(try parsed("-c a.c -fcolor-diagnostics", .clang).colour == .always)
  }

  @Test func extraInputs() throws {
    let clang = try parsed(
      "-c a.cc -fplugin=./p.so -fsanitize-ignorelist=i -fmodule-file=m=x.pcm -fmodule-file=y.pcm"
        + " -Xclang -load -Xclang l.so -include-pch h.pch -fxray-attr-list=a", .clang)
    #expect(
      clang.extraInputs == ["./p.so", "i", "x.pcm", "y.pcm", "h.pch", "a", "l.so"])
    let gcc = try parsed("-c a.c -fplugin=/p.so -specs=s", files: Files(texts: ["s": ""]))
    #expect(gcc.extraInputs == ["/p.so", "s"])
    #expect(
      try parsed("-c a.c -frandomize-layout-seed-file=f", .clang).extraInputs == ["f"])
    #expect(gcc.identityArguments == ["-specs=s"])
  }

  @Test func profiles() throws {
    let files = Files(directories: ["dir", "dir/"])
    for (option, file) in [
      ("-fprofile-use", "default.profdata"), ("-fprofile-use=f.profdata", "f.profdata"),
      ("-fprofile-instr-use=dir", "dir/default.profdata"),
      ("-fprofile-use=dir/", "dir/default.profdata"), ("-fprofile-sample-use=s", "s"),
    ] {
      #expect(try parsed("-c a.c " + option, .clang, files: files).extraInputs == [file])
    }
    #expect(try parsed("-c a.c -fauto-profile").extraInputs == ["fbdata.afdo"])
    #expect(try parsed("-c a.c -fauto-profile=x.afdo").extraInputs == ["x.afdo"])
  }

  @Test func frontEndWords() throws {
    let compilation = try parsed(
      "-c a.c -Xclang -DX -Xclang -mllvm -Xclang -foo -Xclang -add-plugin -Xclang p"
        + " -Xclang -plugin-arg-p -Xclang word", .clang)
    #expect(
      compilation.keyArguments == [
        "-Xclang", "-DX", "-Xclang", "-mllvm", "-Xclang", "-foo", "-Xclang", "-add-plugin",
        "-Xclang", "p", "-Xclang", "-plugin-arg-p", "-Xclang", "word",
      ])
  }

  @Test func products() throws {
    #expect(try parsed("-c a.h -o a.gch").product == .precompiledHeader)
    #expect(try parsed("-x c++-header -c a -o a.gch").product == .precompiledHeader)
    let cmake = try parsed(
      "-Winvalid-pch -Xclang -emit-pch -Xclang -include -Xclang /b/pch.hxx -x c++-header"
        + " -o pch.hxx.pch -c pch.hxx.cxx", .clang)
    #expect(cmake.product == .precompiledHeader)
    #expect(cmake.search.forced == ["/b/pch.hxx"])
    #expect(cmake.sensitivity.contains(.inputTimes))
    let module = try parsed("-std=c++20 --precompile a.cppm -o a.pcm", .clang)
    #expect(module.product == .moduleInterface)
    #expect(module.primaryOutput == "a.pcm")
    #expect(try parsed("-c a.h -o a.gch").sensitivity.contains(.inputTimes) == false)
  }
}
