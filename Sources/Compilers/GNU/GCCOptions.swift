extension OptionTable {
  static let gcc = OptionTable(common, gccOnly)

  private static let gccOnly: [Option] = [
    Option("-d", .joined, .dumpLetters),
    Option("-V", .separate, .key),
    Option("-b", .separate, .identity),
    Option("-imultilib", .either, .identity),
    Option("-iplugindir=", .joined, .hard),
    Option("-no-integrated-cpp", .none, .hard),
    Option("-fplugin=libcc1plugin", .joined, .hard),
    Option("-fmodule-only", .none, .hard),
    Option("-fmodule-mapper=", .joined, .hard),
    Option("-fcompare-debug", .equals, .hard),
    Option("-fcompare-debug-second", .none, .hard),
    Option("-fopt-info", .joined, .optimisationReport),
    Option("-fcallgraph-info", .equals, .sideOutput(.callGraph)),
    Option("-fprofile-generate", .equals, .coverage(.arcs)),
    // Where gcc looks for NAME.gcda depends on the version, on -fprofile-dir and on whether the
    // path is a directory; not certain, so refused, as Mozilla's does.
    Option("-fprofile-use", .equals, .hard),
    Option("-fbranch-probabilities", .none, .hard),
    Option("-fauto-profile", .equals, .profileUse(default: "fbdata.afdo")),
    Option("-fcondition-coverage", .none, .key),
    Option("-frandom-seed", .equals, .key),
    Option("-fdiagnostics-add-output=", .joined, .hard),
    Option("-fdiagnostics-set-output=", .joined, .hard),
    Option("-fdeps-format=", .joined, .hard),
    Option("-fdeps-file=", .joined, .hard),
    Option("-fdeps-target=", .joined, .hard),
    Option("-fanalyzer", .none, .sensitive(.columns)),
    Option("-fdbg-cnt-list", .none, .hard),
    Option("-fgo-dump-", .joined, .hard),
    Option("-fdump-go-spec=", .joined, .hard),
    Option("-fada-spec-parent=", .joined, .hard),
    Option("-fdebug-types-section", .none, .key),
    Option("-grecord-gcc-switches", .none, .key),
    Option("-gno-record-gcc-switches", .none, .key),
    Option("-flto-dump", .joined, .hard),
  ]
}
