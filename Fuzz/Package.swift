// swift-tools-version: 6.2
import PackageDescription

// Fuzzers on libFuzzer, apart from the real package, whose targets can't have such flags. The
// sources are links to the real ones. `scripts/fuzz` builds and runs it.
let fuzzed: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"]),
]

let package = Package(
  name: "sccache",
  dependencies: [
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0")
  ],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .systemLibrary(name: "CPosix"),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CXXHash"),
    .target(name: "Wire", swiftSettings: fuzzed),
    .target(
      name: "Platform", dependencies: ["CPosix", "CCrypto", "CZstd", "CZlib", "CXXHash"],
      swiftSettings: fuzzed),
    .target(
      name: "Settings", dependencies: ["Platform", .product(name: "TOMLKit", package: "TOMLKit")],
      swiftSettings: fuzzed),
    .target(name: "Compilers", dependencies: ["Platform"], swiftSettings: fuzzed),
    .target(name: "CacheKey", dependencies: ["Compilers", "Platform"], swiftSettings: fuzzed),
    .target(name: "Farm", dependencies: ["Platform"], swiftSettings: fuzzed),
    .executableTarget(
      name: "Fuzz",
      dependencies: ["CFuzzer", "Wire", "Platform", "Settings", "Compilers", "CacheKey", "Farm"],
      swiftSettings: fuzzed,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ],
  swiftLanguageModes: [.v6]
)
