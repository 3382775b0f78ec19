extension OptionTable {
  static let gcc = OptionTable(common, gccOnly)

  private static let gccOnly: [Option] = [
    Option("-d", .joined, .dumpLetters),
    Option("-V", .separate, .key),
    Option("-b", .separate, .identity),
    Option("-imultilib", .either, .identity),
    Option("-iplugindir=", .joined, .refused),
    Option("-no-integrated-cpp", .none, .refused),
    Option("-fplugin=libcc1plugin", .joined, .hard),
    Option("-fmodule-only", .none, .refused),
    Option("-fmodule-mapper=", .joined, .refused),
    Option("-fcompare-debug", .equals, .refused),
    Option("-fcompare-debug-second", .none, .refused),
    Option("-fopt-info", .joined, .optimisationReport),
    Option("-fcallgraph-info", .equals, .sideOutput(.callGraph)),
    Option("-fprofile-generate", .equals, .coverage(.arcs)),
    // Where gcc looks for NAME.gcda depends on the version, on -fprofile-dir and on whether the
    // path is a directory; not certain, so refused, as Mozilla's does.
    Option("-fprofile-use", .equals, .hard),
    Option("-fbranch-probabilities", .none, .refused),
    Option("-fauto-profile", .equals, .profileUse(default: "fbdata.afdo")),
    Option("-fcondition-coverage", .none, .key),
    Option("-frandom-seed", .equals, .key),
    Option("-fdiagnostics-add-output=", .joined, .refused),
    Option("-fdiagnostics-set-output=", .joined, .refused),
    Option("-fdeps-format=", .joined, .refused),
    Option("-fdeps-file=", .joined, .refused),
    Option("-fdeps-target=", .joined, .refused),
    Option("-fanalyzer", .none, .sensitive(.columns)),
    Option("-fdbg-cnt-list", .none, .refused),
    Option("-fgo-dump-", .joined, .refused),
    Option("-fdump-go-spec=", .joined, .refused),
    Option("-fada-spec-parent=", .joined, .refused),
    Option("-fdebug-types-section", .none, .key),
    Option("-grecord-gcc-switches", .none, .key),
    Option("-gno-record-gcc-switches", .none, .key),
    Option("-flto-dump", .joined, .refused),
  ]
}
