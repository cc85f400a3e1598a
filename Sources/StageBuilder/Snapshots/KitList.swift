import FlexData
import LinuxSystem
import SystemPackage

/// A kit of a meta-repo of Funtoo or Macaroni, at one commit.
struct Kit: Hashable {
  /// Its directory below `kits`, and the name of its repository.
  let name: String
  /// The branch that names its release.
  let branch: String
  /// The commit, in hexadecimal.
  let commit: String
  /// Whether the configuration chose the branch or the commit.
  let isPinned: Bool
}

/// The kits of a meta-repo, as its files in `metadata` name them.
struct KitList {
  /// `metadata/kit-sha1.json`: the commits of each branch of each kit. Only this file counts, not the gitlinks.
  private let commits: [String: [String: KitCommit]]
  /// `metadata/kit-info.json`: the branch of each kit.
  private let info: KitInformation

  /// The text of ego.conf for a kit that is left out.
  static let skip = "skip"

  /// - Parameters:
  ///   - commits: the text of `metadata/kit-sha1.json`.
  ///   - information: the text of `metadata/kit-info.json`; nil if there is none.
  ///   - source: the meta-repo, for messages.
  init(commits: [UInt8], information: [UInt8]?, source: String) throws(MirrorError) {
    func invalid(_ file: String) -> MirrorError {
      MirrorError(
        .invalid, "\(source): metadata/\(file)", "is not a list of kits",
        remedy: "check snapshot/source/remote and snapshot/source/branch")
    }
    guard let read = OutsideJSON.decode([String: [String: KitCommit]].self, from: commits) else {
      throw invalid("kit-sha1.json")
    }
    self.commits = read
    guard let information else {
      info = KitInformation()
      return
    }
    guard let read = OutsideJSON.decode(KitInformation.self, from: information) else {
      throw invalid("kit-info.json")
    }
    info = read
  }

  /// The kits of the release, in the order of the meta-repo.
  ///
  /// - Parameter pins: `[section snapshot/kits]`: a branch, a commit or `skip` by the name of a kit.
  /// - Throws: if the commit of a kit is not known, or a name leads elsewhere.
  func kits(pins: [String: String]) throws(MirrorError) -> [Kit] {
    let ordered = info.order.filter { commits[$0] != nil }
    let names = ordered + commits.keys.filter { !ordered.contains($0) }.sorted()
    for name in pins.keys.sorted() where commits[name] == nil {
      throw MirrorError(
        .invalid, "snapshot/kits/\(name)", "the meta-repo has no kit of this name",
        remedy: Spelling.nearest(to: name, in: names).map { "did you mean `\($0)`?" }
          ?? "see its metadata/kit-sha1.json")
    }
    var kits: [Kit] = []
    for name in names {
      let pin = pins[name]
      guard pin != Self.skip, let kit = try kit(name, pin: pin) else { continue }
      kits.append(kit)
    }
    return kits
  }

  /// nil if the release does not contain the kit, and the configuration does not ask for it.
  private func kit(_ name: String, pin: String?) throws(MirrorError) -> Kit? {
    let branches = commits[name] ?? [:]
    let only = branches.count == 1 ? branches.first?.key : nil
    let usual = info.branch(of: name) ?? (info.hasReleases ? nil : only)
    guard let wanted = pin ?? usual else { return nil }
    let isCommit = wanted.utf8.count >= 40 && wanted.utf8.allSatisfy(\.isHexDigit)
    let branch = isCommit ? usual ?? only ?? wanted : wanted
    guard let commit = isCommit ? wanted.lowercased() : branches[branch]?.name else {
      let known = branches.keys.sorted().joined(separator: ", ")
      throw MirrorError(
        .invalid, pin == nil ? "metadata/kit-info.json" : "snapshot/kits/\(name)",
        "metadata/kit-sha1.json has no commit of the branch `\(escaped(Array(branch.utf8)))` of \(escaped(Array(name.utf8)))",
        remedy: "set snapshot/kits/\(name) to a commit, to `skip`, or to a branch that it has: \(known)")
    }
    let isName =
      !name.isEmpty && !name.hasPrefix(".") && !name.hasPrefix("-")
      && name.utf8.allSatisfy { $0.isNameByte || $0 == UInt8(ascii: ".") }
    let isBranch = GitRepository.isBranch(branch)
    guard isName, isBranch, [40, 64].contains(commit.utf8.count), commit.utf8.allSatisfy(\.isHexDigit) else {
      throw MirrorError(
        .refused, "metadata/kit-sha1.json",
        "names the kit `\(escaped(Array(name.utf8)))`, branch `\(escaped(Array(branch.utf8)))`, commit "
          + "`\(escaped(Array(commit.utf8)))`",
        remedy: "inspect it by hand")
    }
    return Kit(name: name, branch: branch, commit: commit, isPinned: pin != nil)
  }
}

/// A commit in `kit-sha1.json`: its name, or an object with more about it.
private struct KitCommit: Decodable {
  let name: String

  private enum CodingKeys: String, CodingKey { case sha1 }

  init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      name = text
    } else {
      name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .sha1)
    }
  }
}

/// `kit-info.json`, as far as it matters here.
private struct KitInformation: Decodable {
  private struct Settings: Decodable { var `default`: String? }
  private struct Release: Decodable { var `default`: String? }

  /// The names of kits.
  private(set) var order: [String] = []
  /// The branches of each kit, the usual one first.
  private var branches: [String: [String]] = [:]
  private var settings: [String: Settings] = [:]
  /// Whether the file says which kits belong to the release.
  var hasReleases: Bool { !branches.isEmpty }

  private enum CodingKeys: String, CodingKey {
    case order = "kit_order"
    case branches = "release_defs"
    case settings = "kit_settings"
    case release = "release_info"
  }

  init() {}

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    order = try file.decodeIfPresent([String].self, forKey: .order) ?? []
    settings = try file.decodeIfPresent([String: Settings].self, forKey: .settings) ?? [:]
    guard file.contains(.branches) else { return }
    // Up to version 9 of the format, for each of several releases.
    if let all = try? file.decode([String: [String: [String]]].self, forKey: .branches) {
      let release = try? file.decode(Release.self, forKey: .release)
      branches = all[release?.default ?? all.keys.max() ?? ""] ?? [:]
    } else {
      branches = try file.decode([String: [String]].self, forKey: .branches)
    }
  }

  /// The usual branch of a kit; nil if it is not in the release.
  func branch(of kit: String) -> String? {
    branches[kit]?.first ?? (hasReleases ? nil : settings[kit]?.default)
  }
}
