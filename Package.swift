// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "mirrorctl",
  products: [
    .executable(name: "mirrorctl", targets: ["mirrorctl"]),
    .library(name: "MirrorTools", targets: ["MirrorTools"]),
    .library(name: "StageBuilder", targets: ["StageBuilder"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .target(name: "FlexData", swiftSettings: strict),
    .target(name: "CLinux"),
    .target(name: "CDigestLanes"),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(
      name: "CLibArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "MirrorTools",
      dependencies: [
        "FlexData", "CLinux", "CDigestLanes", "COpenSSL", "CLibXML2", "CLibArchive", "CLZMA", "CZlib", system,
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      exclude: ["Index/index.rng", "Index/index.schema.json"],
      swiftSettings: strict),
    .target(
      name: "StageBuilder", dependencies: ["FlexData", "MirrorTools", "CLinux", system], exclude: ["Specs"],
      swiftSettings: strict),
    .executableTarget(
      name: "mirrorctl",
      dependencies: [
        "FlexData", "MirrorTools", "StageBuilder", system,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["MirrorTools", "CLibArchive", system], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "mirrorctlTests", dependencies: ["mirrorctl", "MirrorTools", "TestSupport", system],
      exclude: ["Golden"], swiftSettings: strict),
    .testTarget(
      name: "MirrorToolsTests", dependencies: ["MirrorTools", "TestSupport", "CLinux", system],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "StageBuilderTests",
      dependencies: [
        "FlexData", "StageBuilder", "mirrorctl", "MirrorTools", "TestSupport", "CLinux", system,
      ],
      exclude: ["Portage", "Specs"],
      swiftSettings: strict),
    .testTarget(
      name: "FlexDataTests", dependencies: ["FlexData", "TestSupport"],
      exclude: ["Golden", "Fixtures", "Fuzz"], swiftSettings: strict),
    .testTarget(
      name: "DigestLanesTests", dependencies: ["CDigestLanes", "COpenSSL", "TestSupport"],
      swiftSettings: strict),
  ]
)
