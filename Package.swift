// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The wrapper and the sandbox's runner are linked with musl where Debian's musl-dev is installed: a
// static musl program starts several times faster than a static glibc one in a virtual machine.
// Without it they are static glibc.
let musl = "/usr/lib/x86_64-linux-musl"
let muslInstalled = FileManager.default.fileExists(atPath: musl + "/libc.a")
let staticLinking: [String] =
  muslInstalled
  ? ["-Xclang-linker", "-static", "-Xclang-linker", "-nostdlib"]
    + ["crt1.o", "crti.o", "libc.a", "crtn.o"].map { musl + "/" + $0 }
  : ["-Xclang-linker", "-static"]

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let embedded: [SwiftSetting] = [
  .enableExperimentalFeature("Embedded"),
  .unsafeFlags(["-no-static-stdlib", "-wmo", "-Osize", "-parse-as-library"]),
]

let package = Package(
  name: "sccache",
  products: [
    .executable(name: "sccache", targets: ["sccache"]),
    .executable(name: "sccached", targets: ["sccached"]),
    .executable(name: "sccache-dist", targets: ["sccache-dist"]),
    .executable(name: "sccache-runner", targets: ["sccache-runner"]),
  ],
  // The remote stores: `swift build --traits S3,Redis` builds with only these.
  traits: [
    .default(enabledTraits: [
      "S3", "Redis", "Memcached", "GCS", "Azure", "GHA", "WebDAV", "OSS", "COS",
    ]),
    "S3", "Redis", "Memcached", "GCS", "Azure", "GHA", "WebDAV", "OSS", "COS",
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.5.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CPosix"),
    .systemLibrary(name: "CWrapper"),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CTLS", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CRedis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "CMemcached", providers: [.apt(["libmemcached-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CSandbox"),
    .systemLibrary(
      name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),

    .target(name: "Wire", swiftSettings: strict),
    .executableTarget(
      name: "sccache",
      dependencies: ["CPosix", "CWrapper"],
      swiftSettings: strict + embedded,
      linkerSettings: [.unsafeFlags(staticLinking)]),

    .target(
      name: "Platform", dependencies: ["CPosix", "CCrypto", "CZstd", "CZlib", "CXXHash"],
      // Its BLAKE3 is forty times slower without, and packing a toolchain then takes minutes.
      swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]),
    .target(
      name: "Settings", dependencies: ["Platform", .product(name: "TOMLKit", package: "TOMLKit")],
      swiftSettings: strict),
    .target(name: "Compilers", dependencies: ["Platform"], swiftSettings: strict),
    .target(name: "CacheKey", dependencies: ["Compilers", "Platform"], swiftSettings: strict),
    .target(
      name: "Storage",
      dependencies: [
        "CacheKey", "Platform", "Settings", "Transport", "CPosix",
        .target(name: "CRedis", condition: .when(traits: ["Redis"])),
        .target(name: "CMemcached", condition: .when(traits: ["Memcached"])),
      ],
      swiftSettings: strict),
    .target(
      name: "Transport", dependencies: ["Platform", "CCrypto", "CCurl", "CTLS"],
      swiftSettings: strict),
    // Apart from Transport, so that neither the daemon nor its build has a server's libraries.
    .target(
      name: "WebServer",
      dependencies: [
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "Farm", dependencies: ["Platform", "Settings", "Transport"], swiftSettings: strict),
    .target(
      name: "FarmServices",
      dependencies: [
        "Farm", "Platform", "Settings", "Transport", "WebServer", "CCrypto", "CPosix",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "sccache-runner",
      dependencies: ["CPosix", "CSandbox"],
      swiftSettings: strict + embedded,
      linkerSettings: [.unsafeFlags(staticLinking)]),
    .target(
      name: "Sandbox",
      dependencies: ["Platform", "CPosix", "CSandbox", "CSeccomp", "CZlib", "CZstd"],
      resources: [.embedInCode("seccomp.policy"), .embedInCode("wall.policy")],
      swiftSettings: strict),
    .target(
      name: "Toolchains", dependencies: ["Compilers", "Platform", "CPosix", "CZlib"],
      swiftSettings: strict),
    .executableTarget(
      name: "sccached",
      dependencies: [
        "Wire", "CPosix", "Platform", "Settings", "Compilers", "CacheKey", "Storage", "Toolchains",
        "Farm", "Transport",
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

    .executableTarget(
      name: "sccache-dist",
      dependencies: [
        "CPosix", "Farm", "FarmServices", "Platform", "Sandbox", "Settings", "Transport",
        "WebServer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict,
      linkerSettings: [
        .unsafeFlags(
          ["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"],
          .when(configuration: .release))
      ]),

    // For scripts/bench; scripts/install leaves it out.
    .executableTarget(
      name: "farm-load",
      dependencies: [
        "Farm", "Platform", "Sandbox", "Transport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["Platform"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(
      name: "ServerTestSupport",
      dependencies: [
        "Platform", "Transport", "WebServer", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/ServerTestSupport", swiftSettings: strict),
    .target(
      name: "StoreServers", dependencies: ["Platform", "TestSupport"], path: "Tests/StoreServers",
      exclude: ["Stubs"], swiftSettings: strict),
    .testTarget(name: "WireTests", dependencies: ["Wire", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "PlatformTests", dependencies: ["Platform", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "SettingsTests", dependencies: ["Settings", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CompilersTests", dependencies: ["Compilers", "Platform", "TestSupport"],
      exclude: ["Rust/cargo-commands.txt"],
      swiftSettings: strict),
    .testTarget(
      name: "CacheKeyTests", dependencies: ["CacheKey", "Compilers", "Platform", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "StorageTests",
      dependencies: ["Storage", "CacheKey", "Platform", "Settings", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "BackendTests",
      dependencies: [
        "Storage", "CacheKey", "Platform", "Settings", "StoreServers", "TestSupport", "Transport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "FarmTests", dependencies: ["Farm", "Platform", "Settings", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FarmServicesTests",
      dependencies: [
        "Farm", "FarmServices", "Platform", "ServerTestSupport", "Settings", "TestSupport",
        "Transport", "WebServer",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "TransportTests",
      dependencies: [
        "Platform", "ServerTestSupport", "TestSupport", "Transport", "WebServer",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SandboxTests", dependencies: ["CPosix", "Sandbox", "Platform"], exclude: ["Toolchain"],
      swiftSettings: strict),
    .testTarget(
      name: "ToolchainsTests", dependencies: ["Toolchains", "Compilers", "Platform"],
      swiftSettings: strict),
    .testTarget(
      name: "SccachedTests", dependencies: ["sccached", "Platform", "Settings", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "Integration",
      dependencies: [
        "CPosix", "Farm", "Platform", "Settings", "StoreServers", "TestSupport", "Transport",
      ],
      path: "Tests/Integration",
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
