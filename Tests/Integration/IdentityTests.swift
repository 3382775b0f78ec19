import Glibc
import Platform
import TestSupport
import Testing

/// What really compiles is in the key (W9), and what is no compiler just runs.
@Suite(.blocking) struct IdentityTests {
  private func sandbox() throws -> Sandbox {
    let box = try Sandbox()
    try box.write("a.c", "#ifdef __clang__\nint clang;\n#else\nint gcc = __GNUC__;\n#endif\n")
    return box
  }

  @Test func scriptThatRunsAnotherCompiler() throws {
    let box = try sandbox()
    _ = try Programs.find("clang-14")
    try box.makeDirectory("bin")
    box.link("/usr/bin/gcc", at: "bin/real")
    try box.script("bin/cc1x", "exec \(box.work)/bin/real \"$@\"")
    let compiler = box.path("bin/cc1x")
    let command = [compiler, "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o")
    try box.isRight(command, .hit, output: "a.o")
    for target in ["/usr/bin/clang-14", "/usr/bin/gcc-11", "/usr/bin/gcc"] {
      box.remove("bin/real")
      box.link(target, at: "bin/real")
      pause(milliseconds: 20)
      try box.isRight(command, target == "/usr/bin/gcc" ? .hit : .miss, output: "a.o")
    }
  }

  @Test(arguments: [
    "exec $REALCC \"$@\"", "exec ${REALCC} -DX \"$@\"", "${REALCC:-gcc} \"$@\"",
    "cc=$REALCC; exec \"$cc\" \"$@\"", ". \"$(dirname \"$0\")/settings\"; exec $cc \"$@\"",
    "exec $(cat \"$(dirname \"$0\")/which\") \"$@\"",
  ])
  func scriptWithAVariable(text: String) throws {
    let box = try sandbox()
    try box.script("bin/mycc", text)
    let command = [box.path("bin/mycc"), "-c", "a.c", "-o", "a.o"]
    for compiler in ["gcc", "clang-14", "gcc-11", "gcc"] {
      let path = try Programs.find(compiler)
      try box.write("bin/settings", "cc=\(path)\n")
      try box.write("bin/which", path + "\n")
      for _ in 0..<2 {
        try box.isRight(command, .any, output: "a.o", with: ["REALCC": path])
      }
    }
  }

  @Test func compilersByPath() throws {
    let box = try sandbox()
    for (name, target) in [("one", "gcc"), ("two", "clang-19")] {
      try box.makeDirectory(name)
      box.link(try Programs.find(target), at: "\(name)/cc")
    }
    for name in ["one", "two", "one"] {
      try box.isRight(
        ["cc", "-c", "a.c", "-o", "a.o"].map { $0 == "cc" ? box.path("\(name)/cc") : $0 }, .any,
        output: "a.o")
      let result = try box.sccache(
        ["cc", "-c", "a.c", "-o", "b.o"], with: ["PATH": "\(box.work)/\(name):/usr/bin:/bin"])
      #expect(result.isSuccess)
      try box.plain([box.path("\(name)/cc"), "-c", "a.c", "-o", "c.o"])
      #expect(try box.read("b.o") == box.read("c.o"))
    }
  }

  /// gcc with another `cc1` or `as` in a `-B` directory, which then changes.
  @Test(arguments: Compilers.gcc, ["cc1", "as"])
  func programsBehindTheDriver(compiler: String, program: String) throws {
    let box = try sandbox()
    let real = try box.plain([compiler, "-print-prog-name=\(program)"]).outputText
      .split(separator: "\n")[0]
    let path = real.hasPrefix("/") ? String(real) : try Programs.find(String(real))
    let command = [compiler, "-Btools", "-c", "a.c", "-o", "a.o"]
    try box.makeDirectory("tools")
    try box.isRight(command, .any, output: "a.o")
    let extra = program == "cc1" ? "-fno-ident" : "--defsym extra=7"
    for options in ["", extra, ""] {
      try box.script("tools/\(program)", "exec \(path) \"$@\" \(options)")
      try box.isRight(command, .any, output: "a.o")
      try box.isRight(command, .hit, output: "a.o")
    }
  }

  @Test(arguments: Compilers.gcc)
  func compilerPath(compiler: String) throws {
    let box = try sandbox()
    let path = try Programs.find("as")
    for extra in ["1", "2", "1"] {
      try box.script("tools/as", "exec \(path) \"$@\" --defsym extra=\(extra)")
      for _ in 0..<2 {
        try box.isRight(
          [compiler, "-c", "a.c", "-o", "a.o"], .any, output: "a.o",
          with: ["COMPILER_PATH": box.path("tools")])
      }
      try box.isRight([compiler, "-c", "a.c", "-o", "a.o"], .any, output: "a.o")
    }
  }

  @Test(arguments: Compilers.gcc)
  func specs(compiler: String) throws {
    let box = try sandbox()
    let command = [compiler, "-specs=my.specs", "-c", "a.c", "-o", "a.o"]
    for value in ["1", "2", "1"] {
      try box.write(
        "my.specs",
        "%rename cpp_options old_options\n*cpp_options:\n%(old_options) -Dgcc=x\(value)\n\n")
      for _ in 0..<2 { try box.isRight(command, .any, output: "a.o") }
    }
  }

  /// What a script is made of gives the same key in every daemon.
  @Test func scriptAfterARestart() throws {
    let box = try sandbox()
    try box.script("mycc", "a=1; b=2; true; test -n x; exec gcc \"$@\"")
    try box.compile(["./mycc", "-c", "a.c"], .miss)
    for _ in 0..<3 {
      try box.stopServer()
      try box.compile(["./mycc", "-c", "a.c"], .hit)
    }
  }

  /// A driver replaced in place, with its size and time kept.
  @Test func replacedDriver() throws {
    let box = try sandbox()
    try box.script("mycc", "exec gcc -DA=1 \"$@\"")
    try box.write("a.c", "int a = A;\n")
    let command = [box.path("mycc"), "-c", "a.c", "-o", "a.o"]
    try box.isRight(command, .miss, output: "a.o")
    try box.shell("touch -r mycc stamp; sed -i s/A=1/A=2/ mycc; touch -r stamp mycc")
    try box.isRight(command, .miss, output: "a.o")
  }

  /// Programs that are no compilers: their own output and code.
  @Test func otherPrograms() throws {
    let box = try sandbox()
    try box.script("seven", "echo out \"$@\"; echo err >&2; exit 7")
    for command in [
      ["/bin/true"], ["/bin/false"], ["/bin/true", "-c", "a.c"], ["/bin/false", "-c", "a.c"],
      ["./seven", "-c", "a.c"], ["./seven", "x", "-c"], ["/bin/echo", "-c", "a  b"],
      ["gcc", "--version"], ["clang-19", "--version"], ["gcc", "-E", "a.c"],
      ["gcc", "-S", "a.c", "-o", "-"],
      ["gcc", "-dumpversion"], ["gcc", "-print-search-dirs"], ["gcc", "-M", "a.c"],
      ["gcc", "-fsyntax-only", "a.c"], ["gcc", "-c", "a.c", "-o", "-"],
      ["gcc", "-dumpmachine"],
    ] {
      try box.agrees(command, .any, then: .any)
    }
  }

  @Test func tinyCC() throws {
    let box = try Sandbox()
    try box.write("a.c", "int x;\n")
    try box.agrees(["tcc", "-c", "a.c", "-o", "a.o"], .any, then: .any)
  }

  @Test func notFound() throws {
    let box = try sandbox()
    let result = try box.sccache(["/no/such/compiler", "-c", "a.c"])
    #expect(!result.isSuccess)
    let other = try Spawn.run(
      Programs.wrapper, ["no-such-compiler", "-c", "a.c"],
      environment: box.environment.map { Array("\($0.key)=\($0.value)".utf8) }, directory: box.work)
    #expect(other.exitCode == 2)
    #expect(other.errorText.contains("sccache: error: failed to execute compile"))
  }

  /// Standard input is the compiler's.
  @Test func standardInput() throws {
    let box = try sandbox()
    for _ in 0..<2 {
      let result = try box.shell(
        "echo 'int x;' | $SCCACHE gcc -x c -c - -o a.o && echo 'int x;' | gcc -x c -c - -o b.o && cmp a.o b.o"
      )
      #expect(result.isSuccess, "\(result.errorText)")
    }
  }

  /// The compiler gets the caller's environment, descriptors' state and directory.
  @Test func theCompilersEnvironmentIsTheCallers() throws {
    let box = try sandbox()
    try box.script(
      "mycc",
      """
      # Probes of the daemon leave no file.
      case " $* " in *' -c a.c '*)
        env | grep -v -e '^_=' -e SCCACHE_RUNNING -e ^NAME= | sort > $NAME.env
        umask >> $NAME.env; ulimit -a >> $NAME.env;;
      esac
      exec gcc "$@"
      """
    )
    try box.shell(
      "NAME=plain ./mycc -c a.c; ulimit -a > /dev/null; NAME=ours $SCCACHE ./mycc -c a.c")
    let ours = try box.text("ours.env")
    #expect(ours == (try box.text("plain.env")))
  }
}
