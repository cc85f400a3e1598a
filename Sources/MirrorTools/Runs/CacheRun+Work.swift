import LinuxSystem
import MirrorModel
import SystemPackage

extension CacheRun {
  /// Work directories that failed builds kept, each as a whole.
  func cleanWork(_ limit: CacheSettings.Limit, _ report: inout CacheReport) throws(MirrorError) {
    let place = CacheDirectory(kind: .work, path: settings.work)
    var (found, contents): ([WorkDirectory.Kept], CacheContents) = ([], CacheContents())
    do throws(MirrorError) {
      for kept in try keptWork() {
        var inner = kept.path
        guard inner.removePrefix(settings.work) else { continue }
        let bytes = try place.size(at: MirrorPath(inner.string), cancellation)
        contents.entries.append(CacheEntry(path: MirrorPath(inner.string), bytes: bytes, used: kept.since))
        contents.bytes &+= bytes
        found.append(kept)
      }
    } catch {
      guard error.code != .interrupted else { throw error }
      report.problems.append(error)
      return
    }
    guard !found.isEmpty else { return }
    var item = CacheReport.Item(.work, "\(settings.work)")
    item.add(contents)
    let removals = CachePlanner.removals([contents], limit, now: now).first ?? []
    for entry in removals {
      guard let kept = found.first(where: { $0.path == settings.work.appending("\(entry.path)") }) else {
        continue
      }
      Log.detail("removes \(kept.path)")
      do throws(MirrorError) {
        let isGone = try !report.isDryRun ? WorkDirectory.remove(kept, cancellation: cancellation) : true
        if isGone { item.remove([entry]) }
      } catch {
        guard error.code != .interrupted else { throw error }
        report.problems.append(error)
      }
    }
    report.caches.append(item)
  }

  private func keptWork() throws(MirrorError) -> [WorkDirectory.Kept] {
    guard settings.work.exists else { return [] }
    return try WorkDirectory.kept(below: settings.work)
  }
}
