import Compilers
import Platform
import Testing

@testable import CacheKey

@Suite struct KeysTests {
  private static let compilation = Compilation(
    language: .c, product: .object, input: "a.c", primaryOutput: "a.o",
    outputs: [Output(name: "obj", path: "a.o", isRequired: true)], keyArguments: ["-O2", "-Iinc"])

  private static func inputs(
    _ change: (inout Compilation) -> Void = { _ in }, compiler: String = "gcc",
    native: [String] = [],
    environment: [String] = [], directory: String = "/w", bases: [String] = []
  ) -> KeyInputs {
    var compilation = compilation
    change(&compilation)
    return KeyInputs(
      compiler: Digest.of(compiler.bytes), compilation: compilation, resolvedNative: native,
      environment: environment,
      places: Places(
        directory: directory, baseDirectories: bases,
        paths: [compilation.input]
          + compilation.keyArguments.flatMap { argument in
            argument.firstIndex(of: "/").map { [String(argument[$0...])] } ?? []
          }))
  }

  private static let source = Digest.of("int a;".bytes)

  /// Every way to differ that must make another key; the first is the plain one.
  private static let variants: [(name: String, inputs: KeyInputs)] = [
    ("plain", inputs()),
    ("compiler", inputs(compiler: "clang")),
    ("language", inputs { $0.language = .cxx }),
    ("product", inputs { $0.product = .precompiledHeader }),
    ("input", inputs { $0.input = "b.c" }),
    ("argument", inputs { $0.keyArguments = ["-O3", "-Iinc"] }),
    ("order", inputs { $0.keyArguments = ["-Iinc", "-O2"] }),
    ("joined", inputs { $0.keyArguments = ["-O2-Iinc"] }),
    ("fewer", inputs { $0.keyArguments = ["-O2"] }),
    ("native", inputs(native: ["-msse4"])),
    ("environment", inputs(environment: ["LANG=C"])),
    ("environment of two", inputs(environment: ["LANG=C", "A=b"])),
    ("outputs", inputs { $0.outputs.append(Output(name: "dwo", path: "a.dwo", isRequired: true)) }),
    ("sensitivity", inputs { $0.sensitivity = .columns }),
    ("directory", inputs { $0.sensitivity = .directory }),
    ("other directory", inputs({ $0.sensitivity = .directory }, directory: "/v")),
    ("output name", inputs { $0.sensitivity = .outputName }),
    (
      "other output name",
      inputs {
        $0.sensitivity = .outputName
        $0.primaryOutput = "b.o"
      }
    ),
  ]

  @Test func everyIngredientCounts() {
    let manifests = Self.variants.map { $0.inputs.manifestKey(source: Self.source) }
    #expect(Set(manifests).count == manifests.count)
    let texts = Self.variants.map {
      $0.inputs.preprocessedKey(
        text: Self.source, messages: Self.source, files: [], presentation: nil)
    }
    #expect(Set(texts).count == texts.count)
    #expect(Set(manifests).isDisjoint(with: texts))
  }

  @Test func equalInputsHaveEqualKeys() {
    #expect(
      Self.inputs().manifestKey(source: Self.source)
        == Self.inputs().manifestKey(source: Self.source))
    #expect(
      Self.inputs().manifestKey(source: Self.source)
        != Self.inputs().manifestKey(source: Digest.of("int b;".bytes)))
  }

  /// What reaches no output is in no key.
  @Test func theRestDoesNotCount() {
    let plain = Self.inputs().manifestKey(source: Self.source)
    let others = [
      Self.inputs(directory: "/elsewhere"),
      Self.inputs { $0.primaryOutput = "other.o" },
      Self.inputs { $0.colour = .always },
      Self.inputs {
        $0.dependencyFile = DependencyFile(
          path: "a.d", omitsSystemHeaders: true, hasPhonyTargets: true, target: "a.o")
      },
      Self.inputs { $0.outputs[0].path = "other.o" },
    ]
    for other in others { #expect(other.manifestKey(source: Self.source) == plain) }
  }

  @Test func preprocessedTextIsBoundToItsDirectoryAndFiles() {
    let digest = Digest.of([1])
    func key(
      _ inputs: KeyInputs = Self.inputs(), text: Digest = Self.source,
      messages: Digest = Self.source, files: [(String, Digest)] = [], presentation: Digest? = nil
    ) -> Digest {
      inputs.preprocessedKey(
        text: text, messages: messages, files: files.map { ($0.0, $0.1) },
        presentation: presentation)
    }
    let keys = [
      key(), key(files: [("a.c", digest)]), key(files: [("b.c", digest)]),
      key(files: [("a.c", Self.source)]), key(files: [("a.c", digest), ("a.c", digest)]),
      key(text: digest), key(messages: digest), key(presentation: digest),
      key(presentation: Self.source), key(Self.inputs(directory: "/v")),
    ]
    #expect(Set(keys).count == keys.count)
  }

  @Test func twoCheckoutsShareTheirKeys() {
    let bases = ["/home/one", "/var/two"]
    func key(_ root: String) -> Digest {
      Self.inputs(
        {
          $0.input = root + "/a.c"
          $0.keyArguments = ["-I\(root)/inc", "-DX=\(root)/x"]
          $0.sensitivity = .directory
        }, environment: ["CPATH=\(root)/more"], directory: root + "/build", bases: bases
      ).manifestKey(source: Self.source)
    }
    #expect(key("/home/one") == key("/var/two"))
    #expect(key("/home/one") != key("/opt/three"))
    #expect(key("/opt/three") != key("/opt/four"))
  }

  @Test func entryKeys() {
    let file = (path: "a.c", digest: Digest.of([2]))
    let header = (path: "a.h", digest: Digest.of([3]))
    func key(
      _ files: [(path: String, digest: Digest)], in manifest: Digest = Digest.of([1]),
      expected: [ExpectedNames] = [], place: Digest? = nil, presentation: Digest? = nil
    ) -> Digest {
      KeyInputs.entryKey(
        manifest: manifest, files: files, expected: expected, place: place,
        presentation: presentation)
    }
    let keys = [
      key([file]),
      key([file], in: Digest.of([9])),
      key([file, header]),
      key([header, file]),
      key([(file.path, header.digest)]),
      key([("b.c", file.digest)]),
      key([]),
      key([file], place: Digest.of([5])),
      key([file], place: Digest.of([6])),
      key([file], presentation: Digest.of([5])),
      key([file], place: Digest.of([5]), presentation: Digest.of([5])),
      key([file], expected: [ExpectedNames(directory: "i", absent: ["x.h"])]),
      key([file], expected: [ExpectedNames(directory: "i", absent: [], present: ["x.h"])]),
      key([file], expected: [ExpectedNames(directory: "i", absent: ["x.h", "y.h"])]),
      key([file], expected: [ExpectedNames(directory: "i", absent: ["x.h"], present: ["y.h"])]),
      key([file], expected: [ExpectedNames(directory: "j", absent: ["x.h"])]),
      key([file], expected: [ExpectedNames(directory: "i", absent: [])]),
      key(
        [file],
        expected: [
          ExpectedNames(directory: "i", absent: []), ExpectedNames(directory: "i", absent: []),
        ]),
    ]
    #expect(Set(keys).count == keys.count)
  }
}
