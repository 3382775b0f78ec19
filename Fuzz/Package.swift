// swift-tools-version: 6.2
import PackageDescription

// Fuzzers on libFuzzer, apart from the real package, whose targets can't have such flags. The
// sources are links to the real ones. `scripts/fuzz` builds and runs it.
let fuzzed: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // Optimized: a fuzzer is as good as it is fast, and checks stay in.
  .unsafeFlags(["-O", "-sanitize=fuzzer,address", "-enable-testing"]),
]

let package = Package(
  name: "sccache",
  dependencies: [
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .systemLibrary(name: "CPosix"),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CXXHash"),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl"),
    .systemLibrary(name: "CTLS", pkgConfig: "libssl"),
    .systemLibrary(name: "CRedis"),
    .systemLibrary(name: "CSandbox"),
    .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp"),
    .target(name: "Wire", swiftSettings: fuzzed),
    .target(
      name: "Platform", dependencies: ["CPosix", "CCrypto", "CZstd", "CZlib", "CXXHash"],
      swiftSettings: fuzzed),
    .target(
      name: "Settings", dependencies: ["Platform", .product(name: "TOMLKit", package: "TOMLKit")],
      swiftSettings: fuzzed),
    .target(name: "Compilers", dependencies: ["Platform"], swiftSettings: fuzzed),
    .target(name: "CacheKey", dependencies: ["Compilers", "Platform"], swiftSettings: fuzzed),
    // The protocol and the scheduler alone.
    .target(
      name: "Farm", dependencies: ["Platform"], exclude: ["Client"], swiftSettings: fuzzed),
    .target(
      name: "Transport", dependencies: ["Platform", "CCrypto", "CCurl", "CTLS"],
      swiftSettings: fuzzed),
    // The stores whose servers' bytes are read by code of ours.
    .target(
      name: "Storage",
      dependencies: ["CacheKey", "Platform", "Settings", "Transport", "CPosix", "CRedis"],
      swiftSettings: fuzzed + [.define("Redis"), .define("GHA")]),
    // What reads bodies and tokens, without the web server's libraries.
    .target(
      name: "FarmServices",
      dependencies: [
        "Farm", "Platform", "Settings", "Transport", "CCrypto", "CPosix",
        .product(name: "Logging", package: "swift-log"),
      ],
      sources: [
        "Worker/InputStream.swift", "Worker/JobRunner.swift", "Worker/Receiving.swift",
        "Scheduler/ClientAuthentication.swift",
        "Scheduler/ForwardedClientTokens.swift", "Scheduler/KeySet.swift",
        "Scheduler/WebTokenClients.swift",
      ],
      swiftSettings: fuzzed),
    .target(
      name: "Sandbox",
      dependencies: ["Platform", "CPosix", "CSandbox", "CSeccomp", "CZlib", "CZstd"],
      resources: [.embedInCode("seccomp.policy"), .embedInCode("wall.policy")],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "CFuzzer", "Wire", "Platform", "Settings", "Compilers", "CacheKey", "Farm", "FarmServices",
        "Sandbox", "Storage", "Transport",
      ],
      swiftSettings: fuzzed,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ],
  swiftLanguageModes: [.v6]
)
