// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The wrapper is linked with musl where Debian's musl-dev is installed: a static musl program
// starts several times faster than a static glibc one in a virtual machine. Without it the
// wrapper is static glibc.
let musl = "/usr/lib/x86_64-linux-musl"
let muslInstalled = FileManager.default.fileExists(atPath: musl + "/libc.a")
let wrapperLinking: [String] =
  muslInstalled
  ? ["-Xclang-linker", "-static", "-Xclang-linker", "-nostdlib"]
    + ["crt1.o", "crti.o", "libc.a", "crtn.o"].map { musl + "/" + $0 }
  : ["-Xclang-linker", "-static"]

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "sccache",
  products: [
    .executable(name: "sccache", targets: ["sccache"]),
    .executable(name: "sccached", targets: ["sccached"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    .systemLibrary(name: "CPosix"),
    .systemLibrary(name: "CWrapper"),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),

    .target(name: "Wire", swiftSettings: strict),
    .executableTarget(
      name: "sccache",
      dependencies: ["CPosix", "CWrapper"],
      swiftSettings: strict + [
        .enableExperimentalFeature("Embedded"),
        .unsafeFlags(["-no-static-stdlib", "-wmo", "-Osize", "-parse-as-library"]),
      ],
      linkerSettings: [.unsafeFlags(wrapperLinking)]),

    .target(
      name: "Platform", dependencies: ["CPosix", "CCrypto", "CZstd", "CZlib", "CXXHash"],
      swiftSettings: strict),
    .target(
      name: "Settings", dependencies: ["Platform", .product(name: "TOMLKit", package: "TOMLKit")],
      swiftSettings: strict),
    .target(name: "Compilers", dependencies: ["Platform"], swiftSettings: strict),
    .target(name: "CacheKey", dependencies: ["Compilers", "Platform"], swiftSettings: strict),
    .target(
      name: "Storage", dependencies: ["CacheKey", "Platform", "CPosix"], swiftSettings: strict),
    .target(name: "Farm", dependencies: ["Platform"], swiftSettings: strict),
    .executableTarget(
      name: "sccached",
      dependencies: [
        "Wire", "CPosix", "Platform", "Settings", "Compilers", "CacheKey", "Storage",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict,
      linkerSettings: [
        // Not in debug builds: the tests link the same objects, and there is no static XCTest.
        .unsafeFlags(
          ["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"],
          .when(configuration: .release))
      ]),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "WireTests", dependencies: ["Wire", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "PlatformTests", dependencies: ["Platform", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "SettingsTests", dependencies: ["Settings", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CompilersTests", dependencies: ["Compilers", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CacheKeyTests", dependencies: ["CacheKey", "Compilers", "Platform", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "StorageTests", dependencies: ["Storage", "CacheKey", "Platform", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FarmTests", dependencies: ["Farm", "Platform", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "SccachedTests", dependencies: ["sccached"], swiftSettings: strict),
    .testTarget(
      name: "Integration", dependencies: ["Platform", "CPosix"], path: "Tests/Integration",
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
