/// The memory that new programs can use.
package enum FreeMemory {
  /// In bytes: what the machine has, and no more than what the control groups of this process allow; nil if it is not
  /// known. Sources: proc(5), and the chapter on control groups v2 of the kernel's documentation.
  package static var bytes: Int64? {
    let machine = ProcFile.text("/proc/meminfo").flatMap { value("MemAvailable:", in: $0) }
      .map { $0.multipliedReportingOverflow(by: 1024).partialValue }
    return ([machine] + groups.map(room)).compactMap { $0 }.min()
  }

  /// The directories of the groups of this process, where the second version of the hierarchy is mounted.
  private static var groups: [String] {
    let own = (ProcFile.text("/proc/self/cgroup") ?? "").split(separator: "\n").first { $0.hasPrefix("0::/") }
    var names = (own?.dropFirst(4) ?? "").split(separator: "/")
    var groups: [String] = []
    while true {
      groups.append((["/sys/fs/cgroup"] + names.map(String.init)).joined(separator: "/"))
      if names.popLast() == nil { return groups }
    }
  }

  /// What a group may still use; nil without a limit. Files in the page cache give way to programs.
  private static func room(in group: String) -> Int64? {
    guard let limit = ProcFile.text("\(group)/memory.max").flatMap({ Int64($0.prefix { $0 != "\n" }) }),
      let used = ProcFile.text("\(group)/memory.current").flatMap({ Int64($0.prefix { $0 != "\n" }) })
    else { return nil }
    let statistics = ProcFile.text("\(group)/memory.stat") ?? ""
    let cached = ["active_file", "inactive_file"].reduce(0) { $0 + (value($1, in: statistics) ?? 0) }
    return max(0, limit - used + min(cached, used))
  }

  private static func value(_ name: String, in text: String) -> Int64? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 1, words[0] == name { return Int64(words[1]) }
    }
    return nil
  }
}
