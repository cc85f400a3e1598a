/// How a target ended, and what its build found besides.
struct TargetEnd: Sendable {
  var entry: BuildReport.Target
  var found = TargetFindings()
}

/// What the build of a target found for the report of its request.
struct TargetFindings: Sendable {
  /// Remains of killed builds that cannot be removed.
  var warnings: [String] = []
  /// Where the packages of the finished target are.
  var offers: Set<PackageOffer> = []
  /// The packages that failed.
  var failedPackages: [FailedPackage] = []
  /// Whether a safety rule forbids the target.
  var isRefused = false
}
