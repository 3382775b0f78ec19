import Platform
import TestSupport
import Testing

/// What belongs to an installation of Emscripten and is replaced: never an object of before.
@Suite(.blocking) struct EmscriptenInstallationTests {
  /// A sandbox with an installation of its own beside the work directory, laid out as emsdk does it.
  private final class Installation {
    let box: Sandbox
    let root: String

    init() throws {
      box = try Sandbox()
      root = box.root + "/emsdk/upstream/emscripten"
      let debian = Path.directory(of: Programs.realPath(try Programs.find("emcc")))
      let copied = try box.shell(
        """
        set -e; from=\(debian); mkdir -p \(root)/src ../llvm; cd \(root)
        cp -r $from/*.py $from/tools $from/emscripten-*.txt .; cp $from/src/settings*.js src
        ln -s $from/cache $from/system $from/third_party .
        """)
      try #require(copied.isSuccess, "\(copied.errorText)")
      for name in ["emcc", "em++"] {
        try box.script("../emsdk/upstream/emscripten/\(name)", "exec python3 \"$0.py\" \"$@\"")
      }
      try configure(".emscripten", llvm: "llvm")
      try makeClang("llvm", "-DX=1")
      try box.write("a.c", "int x = X, tiny = __EMSCRIPTEN_tiny__;\n")
    }

    /// Everything is named relative to the installation.
    func write(_ name: String, _ text: String) throws { try box.write("\(root)/\(name)", text) }

    func configure(_ name: String, llvm: String) throws {
      try write(
        name,
        "LLVM_ROOT = '\(box.root)/\(llvm)'\nBINARYEN_ROOT = '/usr'\nNODE_JS = '/usr/bin/node'\n"
          + "FROZEN_CACHE = True\nLLVM_ADD_VERSION = CLANG_ADD_VERSION = '14'\n")
    }

    /// A directory of LLVM whose clang has an option of its own.
    func makeClang(_ directory: String, _ option: String) throws {
      for name in ["clang-14", "clang++-14"] {
        try box.script(
          "../\(directory)/\(name)", "exec \(try Programs.find(name)) \(option) \"$@\"")
      }
    }

    func isRight(
      _ expected: Sandbox.Expectation, with extra: [String: String] = [:],
      location: SourceLocation = #_sourceLocation
    ) throws {
      let call = ["\(root)/emcc", "-c", "a.c", "-o", "a.o"]
      try box.isRight(call, expected, output: "a.o", with: extra, location: location)
    }
  }

  @Test func anotherClang() throws {
    let installation = try Installation()
    try installation.isRight(.miss)
    try installation.isRight(.hit)
    try installation.makeClang("llvm", "-DX=2")
    try installation.isRight(.miss)
    try installation.makeClang("llvm", "-DX=1")
    try installation.isRight(.hit)
  }

  /// Links that lead to an LLVM of another version. Emscripten warns of it.
  @Test func anotherVersionOfClang() throws {
    let installation = try Installation()
    try installation.box.write("a.c", "const char *x = __VERSION__;\n")
    for version in ["14", "16", "14"] {
      for name in ["clang", "clang++"] {
        let link = "../llvm/\(name)-14"
        installation.box.remove(link)
        installation.box.link(try Programs.find("\(name)-\(version)"), at: link)
      }
      pause(milliseconds: 20)
      try installation.isRight(.any)
    }
    try installation.isRight(.hit)
  }

  @Test(arguments: [
    ("emscripten-version.txt", "sed -i 's/[0-9]*\\(.\\)$/77\\1/'"),
    ("emcc.py", "sed -i \"s/'-Dunix'/'-DX=3', '-Dunix'/\""),
    ("tools/shared.py", "sed -i \"s/'-fignore-exceptions'/'-fno-ident'/; \\$a TINY = 1\""),
  ])
  func anotherProgramInPython(file: String, change: String) throws {
    let installation = try Installation()
    try installation.isRight(.miss)
    let changed = try installation.box.shell(
      "cp \(installation.root)/\(file) ../old && \(change) \(installation.root)/\(file) && ! cmp -s ../old \(installation.root)/\(file)"
    )
    try #require(changed.isSuccess, "\(change) changes nothing")
    pause(milliseconds: 20)
    try installation.isRight(.miss)
    try installation.isRight(.hit)
  }

  @Test func anotherConfiguration() throws {
    let installation = try Installation()
    try installation.makeClang("other", "-DX=5")
    try installation.isRight(.miss)
    try installation.configure(".emscripten", llvm: "other")
    try installation.isRight(.miss)
    // Named by a variable, and then changed.
    try installation.configure("my.config", llvm: "llvm")
    let named = ["EM_CONFIG": "\(installation.root)/my.config"]
    try installation.isRight(.any, with: named)
    try installation.configure("my.config", llvm: "other")
    try installation.isRight(.any, with: named)
    try installation.isRight(.hit, with: named)
    try installation.isRight(.hit)
    // A word of its own that names a file is not something we look into.
    try installation.box.agrees(
      [
        "\(installation.root)/emcc", "--em-config", "\(installation.root)/my.config", "-c", "a.c",
        "-o", "a.o",
      ], .declined, then: .declined)
  }

  /// Without one in the installation the person's own counts, until one appears there.
  @Test func configurationsInTheirOrder() throws {
    let installation = try Installation()
    try installation.makeClang("other", "-DX=5")
    for (place, llvm) in [
      (".emscripten", "llvm"), ("../../.emscripten", "other"),
      ("../../../home/.emscripten", "llvm"),
    ] {
      installation.box.remove("\(installation.root)/.emscripten")
      installation.box.remove("\(installation.root)/../../.emscripten")
      try installation.configure(place, llvm: llvm)
      try installation.isRight(.any)
    }
    try installation.configure("../../.emscripten", llvm: "other")
    try installation.isRight(.hit)
  }

  @Test func clangOfTheEnvironment() throws {
    let installation = try Installation()
    try installation.makeClang("other", "-DX=5")
    let named = ["EM_LLVM_ROOT": installation.box.root + "/other"]
    try installation.isRight(.miss)
    try installation.isRight(.miss, with: named)
    try installation.makeClang("other", "-DX=6")
    try installation.isRight(.miss, with: named)
    try installation.isRight(.hit, with: named)
    try installation.isRight(.hit)
  }
}
