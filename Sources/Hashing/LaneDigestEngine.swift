package import LinuxSystem

/// Hashes tarballs side by side in vector lanes, on threads that share the remaining work.
package struct LaneDigestEngine: DigestEngine {
  let options: HashingOptions
  private let table: KernelTable
  var disks = Disks()

  /// Total size of all threads' buffers, and of all rings, in bytes.
  private static let allBuffers = 16 << 20
  /// Size of one thread's buffers, which should fit its CPU's level-2 cache, and of one ring, in bytes.
  private static let threadBuffers = 1 << 20
  private static let ring = 8 << 20
  /// Number of file descriptors that hashing leaves for everything else.
  private static let otherDescriptors: UInt64 = 128
  /// Number of threads that write sidecars while others hash.
  private static let deliverers = 4

  package init(_ options: HashingOptions) {
    self.options = options
    table = KernelTable(options.instructionSets)
  }

  package func digest(
    _ requests: [DigestRequest], in mirror: Shared<AnchoredDirectory>, progress: RunProgress,
    cancellation: Cancellation, deliver: @escaping @Sendable (Int, Result<DigestResult, MirrorError>) -> Void
  ) {
    let pools = pools(for: requests)
    let hashers = pools.flatMap { pool in
      Array(repeating: pool, count: min(requests.count, pool.withLock { $0.threads }))
    }
    // With one job everything runs sequentially in the caller's thread.
    let helpers = options.jobs == 1 ? 0 : min(Self.deliverers, requests.count)
    let deliveries = Deliveries(limit: helpers * 64, deliver)
    let worker = HashWorker(
      requests: requests, mirror: mirror, table: table, options: options,
      bufferBytes: min(Self.threadBuffers, Self.allBuffers / max(1, hashers.count)),
      ringBytes: min(Self.ring, Self.allBuffers / max(1, hashers.count)),
      pace: Pace(options.bytesPerSecond, progress, cancellation), deliveries: deliveries)
    Workers.run(1 + helpers) { index in
      if index == 0 {
        Workers.run(hashers.count) { worker.work(on: hashers[$0]) }
        // Work left by threads that could not be started.
        for pool in pools { worker.work(on: pool) }
        deliveries.close()
      }
      deliveries.run()
    }
  }

  private static var descriptors: Int {
    guard let limit = HostMachine.openFiles else { return 64 }
    return Int(clamping: limit - min(limit, otherDescriptors))
  }

  /// Pools by the location of tarballs: one thread for each rotational disk, which reads its tarballs one
  /// after the other, and all CPUs for the rest.
  private func pools(for requests: [DigestRequest]) -> [Monitor<HashPool<OpenTarball>>] {
    var disksByDevice: [UInt64: String?] = [:]
    var groups: [String?: [(index: Int, size: Int64)]] = [:]
    for (index, request) in requests.enumerated() {
      let known = disksByDevice[request.device]
      let disk = options.jobs == nil ? known ?? disks.rotational(under: request.device) : nil
      if known == nil { disksByDevice[request.device] = .some(disk) }
      groups[disk, default: []].append((index, request.size))
    }
    let width = table.width(for: requests.reduce(into: []) { $0.formUnion($1.algorithms) })
    return groups.map { disk, requests in
      disk == nil
        ? Monitor(
          HashPool(
            requests, threads: options.jobs ?? Workers.processors, width: width,
            descriptors: Self.descriptors))
        : Monitor(HashPool(requests, threads: 1, width: 1))
    }
  }
}
