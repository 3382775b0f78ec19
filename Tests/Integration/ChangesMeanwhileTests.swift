import Platform
import TestSupport
import Testing

/// The build goes on while a result is stored: what it changes then was not what the compiler saw.
@Suite(.blocking) struct ChangesMeanwhileTests {
  /// A program in machine code that is the compiler and then runs `after.sh`, so that the change lies
  /// between the compiler's look and ours.
  private func busy(_ box: Sandbox, _ compiler: String) throws -> String {
    try box.write(
      "busy.c",
      """
      #include <stdlib.h>
      #include <string.h>
      #include <sys/wait.h>
      #include <unistd.h>
      int main(int count, char **words) {
        int status = 1, compiles = 0;
        for (int i = 1; i < count; i++) compiles |= !strcmp(words[i], "-c");
        if (!fork()) return execv(words[0] = "\(try Programs.find(compiler))", words);
        wait(&status);
        if (compiles) system("test ! -e after.sh || sh after.sh");
        return WEXITSTATUS(status);
      }
      """)
    #expect(try box.plain([compiler, "busy.c", "-o", "busy"]).isSuccess)
    box.remove("busy.c")
    return box.path("busy")
  }

  struct Change: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var before: String
    var source: String
    var after: String
    var options: [String] = []
    init(
      _ name: String, before: String = "", source: String, after: String, options: [String] = []
    ) {
      testDescription = name
      self.before = before
      self.source = source
      self.after = after
      self.options = options
    }
  }

  private static let changes = [
    Change(
      "a header before the one that was read", source: "#include <h.h>\n",
      after: "echo '#define V 2' > one/h.h"),
    Change(
      "a header beside the source", source: "#include \"h.h\"\n", after: "echo '#define V 2' > h.h"),
    Change(
      "a link to an old file", before: "echo '#define V 2' > old.h", source: "#include <h.h>\n",
      after: "ln -s ../old.h one/h.h"),
    Change(
      "another name of an old file", before: "echo '#define V 2' > old.h",
      source: "#include <h.h>\n", after: "ln old.h one/h.h"),
    Change(
      "an old file that is moved there", before: "echo '#define V 2' > old.h",
      source: "#include <h.h>\n", after: "mv old.h one/h.h"),
    Change(
      "an old directory that is moved there",
      before: "mkdir old two/sub; echo '#define V 2' > old/h.h; echo '#define V 1' > two/sub/h.h",
      source: "#include <sub/h.h>\n", after: "mv old one/sub"),
    Change(
      "a new search directory", before: "mkdir old; echo '#define V 2' > old/h.h; rmdir one",
      source: "#include <h.h>\n", after: "mv old one"),
    Change(
      "a file that is asked for appears", before: "echo '#define V 0' >> two/h.h",
      source: "#if __has_include(<new.h>)\n#define V 2\n#else\n#define V 1\n#endif\n",
      after: "touch one/new.h"),
    Change(
      "a file that is asked for goes", before: "touch one/new.h",
      source: "#if __has_include(<new.h>)\n#define V 2\n#else\n#define V 1\n#endif\n",
      after: "rm one/new.h"),
    Change(
      "a system header goes", before: "echo '#define V 2' > first/s.h", source: "#include <s.h>\n",
      after: "rm first/s.h", options: ["-MMD"]),
    Change(
      "a system header goes that a system header includes",
      before: "echo '#include <s.h>' > first/outer.h; echo '#define V 2' > one/s.h",
      source: "#include <outer.h>\n", after: "rm one/s.h", options: ["-MMD"]),
    Change(
      "a header goes that a header includes which says that it is a system header",
      before:
        "printf '#pragma GCC system_header\\n#include <s.h>\\n' > one/outer.h; echo '#define V 2' > one/s.h",
      source: "#include <outer.h>\n", after: "rm one/s.h", options: ["-MMD"]),
    Change(
      "a system header goes that a listed header includes",
      before: "echo '#include <s.h>' > one/outer.h; echo '#define V 2' > first/s.h",
      source: "#include <outer.h>\n", after: "rm first/s.h", options: ["-MMD"]),
    Change(
      "a directory of system headers goes",
      before:
        "mkdir first/sub second/sub; echo '#define V 2' > first/sub/s.h; echo '#define V 1' > second/sub/s.h",
      source: "#include <sub/s.h>\n", after: "rm -r first/sub", options: ["-MMD"]),
    Change(
      "a system header comes", source: "#include <s.h>\n", after: "echo '#define V 2' > first/s.h",
      options: ["-MMD"]),
    Change(
      "a system header goes that only the compiler can tell",
      before: "echo '#define V 2' > first/s.h",
      source: "#include <stddef.h>\n#define NAME <s.h>\n#include NAME\n", after: "rm first/s.h",
      options: ["-MMD"]),
  ]

  @Test(arguments: ["gcc", "clang-16"], changes)
  func namesThatComeAndGo(compiler: String, change: Change) throws {
    let box = try Sandbox()
    let program = try busy(box, compiler)
    try box.shell(
      """
      mkdir one two first second
      echo '#define V 1' > two/h.h; echo '#define V 1' > second/s.h
      """)
    try box.shell(change.before)
    try box.write("a.c", change.source + "int x = V;\n")
    // Read and remembered once, so that the daemon's memory of the directories is at work.
    try box.write("b.c", change.source + "int y = V;\n")
    let options =
      ["-Ione", "-Itwo", "-isystem", "first", "-isystem", "second", "-c"] + change.options
    try box.compile([program] + options + ["b.c", "-o", "b.o"], .any)
    try box.write("after.sh", change.after + "\n")
    let command = [program] + options + ["a.c", "-o", "a.o"]
    try box.compile(command, .unstored)
    box.remove("after.sh")
    pause(milliseconds: 15)
    try box.isRight(command, .miss, output: "a.o")
    try box.isRight(command, .hit, output: "a.o")
  }

  /// gcc does not say that it took a precompiled header.
  @Test func precompiledHeaderGoes() throws {
    let box = try Sandbox()
    let program = try busy(box, "gcc")
    try box.write("inc/h.h", "#define V 1\n")
    #expect(try box.plain(["gcc", "-x", "c-header", "inc/h.h", "-o", "inc/h.h.gch"]).isSuccess)
    try box.write("inc/h.h", "#define V 2\n")
    try box.write("a.c", "#include \"inc/h.h\"\nint x = V;\n")
    try box.write("after.sh", "rm inc/h.h.gch\n")
    let command = [program, "-c", "a.c", "-o", "a.o"]
    try box.compile(command, .unstored)
    box.remove("after.sh")
    pause(milliseconds: 15)
    try box.isRight(command, .miss, output: "a.o")
  }

  /// A parallel build writes objects and headers into all its directories: that is no reason for doubt.
  @Test(arguments: ["gcc", "clang-16"], [[], ["-MD"], ["-MMD"]])
  func otherFiles(compiler: String, options: [String]) throws {
    let box = try Sandbox()
    let program = try busy(box, compiler)
    try box.write("sub/local.h", "#include \"deeper.h\"\n#include <stdio.h>\n")
    try box.write("inc/deeper.h", "#include <stdlib.h>\n")
    try box.write("compat/never.h", "#include \"compat/x.h\"\n#include <pthread.h>\n")
    try box.write(
      "inc/top.h",
      """
      #ifdef NEVER
      #include "compat/never.h"
      #endif
      #if __has_include("nowhere.h")
      #endif
      #include "../sub/local.h"

      """)
    try box.write(
      "a.c", "#include \"sub/local.h\"\n#include <string.h>\n#include <top.h>\nint x;\n")
    try box.write(
      "after.sh", "for d in . inc sub compat; do touch $d/new.o $d/gen.h; rm $d/new.o; done\n")
    let command = [program, "-I.", "-Iinc"] + options + ["-c", "a.c", "-o", "a.o"]
    try box.compile(command, .miss)
    try box.isRight(command, .hit, output: "a.o")
  }
}
