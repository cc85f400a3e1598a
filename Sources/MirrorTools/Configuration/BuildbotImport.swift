import MirrorModel
public import LinuxSystem
import FoundationEssentials
public import SystemPackage

/// Converts a `~/.buildbot` of Metro.
public struct BuildbotImport: Sendable {
  /// An equivalent `[section rotation]`, as far as tables can express it.
  public private(set) var text = ""
  /// Parts that could not be converted.
  public private(set) var warnings: [String] = []

  /// Answers of the file's Python code; `map_build` is called with each of these dates as that of the newest
  /// build.
  private struct Answers: Decodable {
    struct Answer: Decodable {
      let build: String
      let subarch: String
      let full: Bool
      let date: String?
      let result: [String]
    }

    let lists: [String: [String]]
    let numbers: [String: Int]
    let answers: [Answer]
    let hasMapBuild: Bool
  }

  /// The exception that ended the file's Python code.
  private struct Fault: Decodable {
    let fault: String
    /// The last line of the file that was run.
    let line: Int?
  }

  /// Runs the file with the host's python3.
  ///
  /// - Parameter now: seconds since the epoch.
  /// - Throws: ``MirrorError`` if it cannot be run, or its definitions make no sense.
  public init(_ file: FilePath, now: Int64) throws(MirrorError) {
    do throws(Errno) { try file.check(.read) } catch { throw .system(error, "read", file.string) }
    let dates = [0, 1, 10, 400].map { CalendarDate(localDayOf: now - $0 * 86_400) }
    let input = ([file.string] + dates.map(\.description)).joined(separator: "\n")
    let outcome = try HostProgram.run(["python3", "-I", "-c", Self.driver], input: Array(input.utf8))
    if let fault = OutsideJSON.decode(Fault.self, from: outcome.output) {
      let place = escaped(Array(file.string.utf8)) + (fault.line.map { ":\($0)" } ?? "")
      throw MirrorError(
        .invalid, place, escaped(Array(fault.fault.utf8)).cut(to: 500), remedy: "correct the Python code")
    }
    guard outcome.status == 0, let answers = OutsideJSON.decode(Answers.self, from: outcome.output) else {
      throw MirrorError(
        .invalid, file.string, "is not a usable .buildbot",
        remedy: "make it define builds, arches, subarches and, optionally, map_build()")
    }
    render(answers, file)
  }

  private mutating func render(_ answers: Answers, _ file: FilePath) {
    var lines = ["# Imported from \(file).", "[section rotation]", ""]
    let lists = answers.lists
    for (name, own) in [("builds", "builds"), ("arches", "arches"), ("subarches", "subarches")] {
      if let words = lists[name] { lines.append("\(own): \(words.joined(separator: " "))") }
    }
    for (all, managed, own) in [
      ("all_builds", "builds", "all-builds"), ("all_arches", "arches", "all-arches"),
    ] {
      if let words = lists[all], words != lists[managed] {
        lines.append("\(own): \(words.joined(separator: " "))")
      }
    }
    let stored = (lists["all_subarches"] ?? []).filter { !(lists["subarches"] ?? []).contains($0) }
    if !stored.isEmpty { lines.append("also-stored: \(stored.joined(separator: " "))") }
    if let ignored = lists["index_ignore_builds"], !ignored.isEmpty {
      lines.append("ignore-builds: \(ignored.joined(separator: " "))")
    }
    for (name, own) in [
      ("stale_days", "stale-days"), ("max_failcount", "max-failcount"), ("keep_num", "keep"),
    ] {
      guard let number = answers.numbers[name] else { continue }
      if name == "keep_num" && number < 1 {
        warnings.append(
          "\(file): keep_num is \(number), which keeps everything in Metro: set `keep` as desired")
      } else {
        lines.append("\(own): \(number)")
      }
    }
    if answers.hasMapBuild { lines += tables(answers, file) }
    text = lines.joined(separator: "\n") + "\n"
  }

  /// Converts the answers of `map_build` to modes and extras.
  private mutating func tables(_ answers: Answers, _ file: FilePath) -> [String] {
    struct Key: Hashable { let build, subarch: String }
    struct Way: Hashable { let modes, extras: [String] }
    var ways: [Key: Way] = [:]
    var unsaid: [String] = []
    for (key, asked) in Dictionary(
      grouping: answers.answers, by: { Key(build: $0.build, subarch: $0.subarch) })
    {
      let afterFull = Set(asked.filter { $0.full }.map(\.result))
      let afterOther = Set(asked.filter { !$0.full }.map(\.result))
      guard afterFull.count == 1, afterOther.count == 1, let full = afterFull.first,
        let other = afterOther.first,
        !full.isEmpty, let modeAfterOther = other.first,
        modeAfterOther == "full" || full == other,
        (full + other).allSatisfy(BuildDecision.isWord)
      else {
        unsaid.append("\(key.build)/\(key.subarch)")
        continue
      }
      // Images that only one of the modes has are written with it.
      let haveSameExtras = full.dropFirst() == other.dropFirst()
      let turns = full == other ? [full] : [other, full]
      ways[key] = Way(
        modes: turns.map { haveSameExtras ? $0[0] : $0.joined(separator: "+") },
        extras: haveSameExtras ? Array(full.dropFirst()) : [])
    }
    if !unsaid.isEmpty {
      warnings.append(
        """
        \(file): map_build's answer for \(unsaid.sorted().joined(separator: ", ")) depends on more than \
        whether the last build was full, or is not a sequence of modes, so no table can express it: use \
        `decide: COMMAND`, a program that reads build, arch, subarch, full (yes or no) and full_date from \
        its environment and prints full+openvz
        """)
    }
    var lines: [String] = []
    func add(_ name: String, _ path: KeyPath<Way, [String]>, isDefault: [String]) {
      let counts = Dictionary(grouping: ways.values, by: { $0[keyPath: path] }).mapValues(\.count)
      let common =
        name == "modes" ? counts.max { ($0.value, $1.key.joined()) < ($1.value, $0.key.joined()) }?.key : nil
      if let common, common != isDefault { lines.append("\(name): \(common.joined(separator: " "))") }
      for subarch in Set(ways.keys.map(\.subarch)).sorted() {
        let own = ways.filter { $0.key.subarch == subarch }
        let values = Set(own.values.map { $0[keyPath: path] })
        for (key, way) in own.sorted(by: { $0.key.build < $1.key.build })
        where way[keyPath: path] != common ?? isDefault {
          let place = values.count == 1 ? subarch : "\(key.build)/\(subarch)"
          let line = "\(name)/\(place): \(way[keyPath: path].joined(separator: " "))"
          if !lines.contains(line) { lines.append(line) }
        }
      }
    }
    add("modes", \.modes, isDefault: ["full"])
    add("extras", \.extras, isDefault: [])
    return lines
  }

  /// Prints the answers, or the exception that ended the code; what the code prints itself is dropped.
  private static let driver = #"""
    import json, os, sys, traceback
    path, *dates = sys.stdin.read().split("\n")
    answer = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)

    def answers_of(path):
        names = {}
        with open(path) as file:
            exec(compile(file.read(), path, "exec"), names)
        lists = {}
        for name in ("builds", "arches", "subarches", "all_builds", "all_arches", "all_subarches",
                     "index_ignore_builds"):
            if name in names:
                value = names[name]
                lists[name] = [value] if isinstance(value, str) else [str(word) for word in value]
        numbers = {}
        for name in ("stale_days", "max_failcount", "keep_num"):
            if name in names:
                numbers[name] = int(names[name])
        answers = []
        ask = names.get("map_build")
        if ask:
            for build in lists.get("builds", []):
                for subarch in lists.get("subarches", []):
                    for full, asked in [(True, dates), (False, dates + [None])]:
                        for date in asked:
                            result = ask(build, subarch, full, date)
                            words = result.split("+") if isinstance(result, str) else [str(word) for word in result]
                            answers.append(dict(build=build, subarch=subarch, full=full, date=date, result=words))
        return dict(lists=lists, numbers=numbers, answers=answers, hasMapBuild=bool(ask))

    try:
        result = answers_of(path)
    except BaseException as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        if isinstance(error, SyntaxError) and error.filename == path:
            lines = [error.lineno]
            error = f"SyntaxError: {error.msg}"
        else:
            error = f"{type(error).__name__}: {error}"
        result = dict(fault=error, line=lines[-1] if lines else None)
    json.dump(result, answer)
    answer.flush()
    # Whatever the code left running or registered has no say.
    os._exit(0)
    """#
}
