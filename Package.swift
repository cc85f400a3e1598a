// swift-tools-version: 6.2
import Foundation
import PackageDescription

// A later compiler may warn of more: only where MIRRORCTL_STRICT is set, as in CI, is a warning an error.
let isStrict = Context.environment["MIRRORCTL_STRICT"] != nil
let strict: [SwiftSetting] =
  (isStrict ? [.treatAllWarnings(as: .error)] : []) + [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]

// The commit that --version prints, as `make build` finds it.
let commit = Context.environment["MIRRORCTL_COMMIT"].map {
  [CSetting.define("MIRRORCTL_COMMIT", to: "\"\($0)\"")]
}

/// A dependency: its copy in `vendor`, if the tarball of dependencies that `make dist` writes was unpacked here.
func dependency(_ owner: String, _ name: String, from version: Version) -> Package.Dependency {
  let copy = "\(Context.packageDirectory)/vendor/\(name)"
  return FileManager.default.fileExists(atPath: copy)
    ? .package(path: copy) : .package(url: "https://github.com/\(owner)/\(name)", from: version)
}

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

// Arrows point down only: mirrorctl, StageBuilder, MirrorTools, StageTrees, Hashing, MirrorModel, LinuxSystem.
// docs/architecture.md describes the modules.

/// What everything from MirrorTools up may use.
let libraries: [Target.Dependency] = [
  "StageTrees", "Hashing", "MirrorModel", "LinuxSystem", "FlexData", system,
]

let package = Package(
  name: "mirrorctl",
  products: [
    .executable(name: "mirrorctl", targets: ["mirrorctl"]),
    .library(
      name: "MirrorTools", targets: ["MirrorTools", "StageTrees", "Hashing", "MirrorModel", "LinuxSystem"]),
    .library(name: "StageBuilder", targets: ["StageBuilder"]),
  ],
  dependencies: [
    dependency("apple", "swift-argument-parser", from: "1.8.2"),
    dependency("apple", "swift-log", from: "1.16.2"),
    dependency("apple", "swift-system", from: "1.8.1"),
  ],
  targets: [
    .target(name: "FlexData", swiftSettings: strict),
    .target(name: "CLinux", linkerSettings: [.linkedLibrary("seccomp")]),
    .target(name: "CBuild", cSettings: commit),
    .target(name: "CDigestLanes"),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(
      name: "CLibArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(
      name: "LinuxSystem", dependencies: ["CLinux", system, .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
    .target(name: "MirrorModel", dependencies: ["LinuxSystem", system], swiftSettings: strict),
    .target(
      name: "Hashing", dependencies: ["MirrorModel", "LinuxSystem", "CDigestLanes", "COpenSSL", system],
      swiftSettings: strict),
    .target(
      name: "StageTrees",
      dependencies: [
        "Hashing", "MirrorModel", "LinuxSystem", "CLibArchive", "CLZMA", "CZlib", "CDeflate", "CZstd",
        system,
      ],
      swiftSettings: strict),
    .target(
      name: "MirrorTools",
      dependencies: [
        "StageTrees", "Hashing", "MirrorModel", "LinuxSystem", "FlexData", "CLibXML2", "CSQLite", system,
      ],
      exclude: ["Index/index.rng", "Index/index.schema.json"],
      resources: [.embedInCode("Cloud/ec2.py")],
      swiftSettings: strict),
    .target(
      name: "StageBuilder", dependencies: ["MirrorTools", "CLinux"] + libraries, exclude: ["Specs"],
      swiftSettings: strict),
    .executableTarget(
      name: "mirrorctl",
      dependencies: [
        "StageBuilder", "MirrorTools", "CBuild",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ] + libraries,
      swiftSettings: strict),
    // What another package may use is enough for it.
    .executableTarget(
      name: "mirror-client", dependencies: ["MirrorTools", "Hashing", "LinuxSystem", system],
      path: "Examples/MirrorClient",
      packageAccess: false, swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["MirrorTools", "CLibArchive"] + libraries,
      path: "Tests/TestSupport", exclude: ["slurm-cluster"],
      swiftSettings: strict),
    .testTarget(
      name: "mirrorctlTests",
      dependencies: ["mirrorctl", "mirror-client", "MirrorTools", "TestSupport"] + libraries,
      exclude: ["Golden", "Cloud/ec2-stub.py", "Cloud/make-moto", "make-boot-root"], swiftSettings: strict),
    .testTarget(
      name: "MirrorToolsTests", dependencies: ["MirrorTools", "TestSupport", "CLinux"] + libraries,
      exclude: ["Fixtures", "Hashing/faults.c"], swiftSettings: strict),
    .testTarget(
      name: "StageBuilderTests",
      dependencies: ["StageBuilder", "mirrorctl", "MirrorTools", "TestSupport", "CLinux"] + libraries,
      exclude: [
        "Building/foreign.c", "Sandbox/escape.c", "Portage", "Specs", "Provenance/Golden",
        "Provenance/make-judges", "Provenance/judge.py",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "FlexDataTests", dependencies: ["FlexData", "TestSupport"],
      exclude: ["Golden", "Fixtures", "Fuzz"], swiftSettings: strict),
    .testTarget(
      name: "DigestLanesTests", dependencies: ["CDigestLanes", "COpenSSL", "TestSupport"],
      exclude: ["answers.c"], swiftSettings: strict),
  ]
)
