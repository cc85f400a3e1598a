import LinuxSystem

/// A hashing thread: takes tarballs from a pool, hashes a part of each, and gives them back.
struct HashWorker: Sendable {
  /// Bytes that a thread hashes before it asks again which tarballs are most urgent.
  private static let turn = 32 << 20
  /// A tarball with fewer remaining bytes is not worth extra threads.
  private static let aloneBytes: Int64 = 8 << 20

  let requests: [DigestRequest]
  let mirror: Shared<AnchoredDirectory>
  let table: KernelTable
  let options: HashingOptions
  /// Buffer sizes in bytes: of a thread that hashes side by side, and of one that hashes a single tarball.
  let bufferBytes: Int
  let ringBytes: Int
  let pace: Pace
  let deliveries: Deliveries

  /// Works until the pool is empty or the run is cancelled.
  func work(on pool: Monitor<HashPool<OpenTarball>>) {
    let round = HashRound(bytes: bufferBytes, table)
    while true {
      let work = pool.wait { $0.take() }
      guard work.count > 0 else { return }
      let opened = work.files + open(work.requests, beside: work.files.count)
      let unfinished = (work.isAlone ? hashAlone(opened) : nil) ?? hash(opened, in: round)
      let paused = unfinished.filter(pause)
      let isCancelled = pace.isCancelled
      pool.withLock { pool in
        pool.give(back: paused, of: work.count)
        if isCancelled { pool.stop() }
      }
    }
  }

  private func open(_ indices: [Int], beside others: Int) -> [OpenTarball] {
    let together = indices.count + others
    return indices.compactMap { index in
      do throws(MirrorError) {
        return try OpenTarball(index, requests[index], in: mirror.value, options) {
          table.kernel($0, messages: together) == nil
        }
      } catch {
        fail(index, error)
        return nil
      }
    }
  }

  /// Hashes side by side until one is finished or others may be more urgent; returns the unfinished ones.
  private func hash(_ tarballs: [OpenTarball], in round: borrowing HashRound) -> [OpenTarball] {
    var bytes = 0
    while !tarballs.isEmpty && bytes < Self.turn {
      guard pace.admit(round.capacity(for: tarballs)) else { return tarballs }
      let (failures, count) = round.run(tarballs)
      pace.read(count)
      bytes += count
      var failed = Set<Int>()
      for (tarball, error) in failures where failed.insert(tarball.index).inserted {
        fail(tarball.index, error)
      }
      let rest = tarballs.filter { !failed.contains($0.index) && !$0.isFinished }
      if rest.count < tarballs.count {
        for tarball in tarballs where tarball.isFinished && !failed.contains(tarball.index) {
          finish(tarball)
        }
        return rest
      }
    }
    return tarballs
  }

  /// Hashes the rest of a tarball with a thread per digest, and returns it if unfinished; nil if that is not
  /// worthwhile or threads cannot be created.
  private func hashAlone(_ tarballs: [OpenTarball]) -> [OpenTarball]? {
    guard let tarball = tarballs.first, tarball.remaining >= Self.aloneBytes else { return nil }
    do throws(MirrorError) {
      guard try HashRing(table: table, pace: pace, bytes: ringBytes).hash(tarball) else { return nil }
      guard tarball.isFinished else { return tarballs }
      finish(tarball)
    } catch { fail(tarball.index, error) }
    return []
  }

  /// Prepares a tarball for another thread; false if it failed.
  private func pause(_ tarball: OpenTarball) -> Bool {
    do throws(MirrorError) {
      try tarball.pause()
      return true
    } catch {
      fail(tarball.index, error)
      return false
    }
  }

  private func finish(_ tarball: OpenTarball) {
    do throws(MirrorError) {
      deliveries.add(tarball.index, .success(try tarball.result()))
      pace.finishedFile()
    } catch { fail(tarball.index, error) }
  }

  private func fail(_ index: Int, _ error: MirrorError) {
    deliveries.add(index, .failure(error))
    pace.finishedFile()
  }
}
