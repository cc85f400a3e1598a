import LinuxSystem
import FlexData
package import SystemPackage

/// `[section caches]`, and the directories of the caches.
public struct CacheSettings: Sendable {
  /// How large and how old the contents of one kind may become.
  public struct Limit: Hashable, Sendable {
    /// Total size in bytes; nil for any.
    public var bytes: Int64?
    /// Days since the last use; nil for any.
    public var days: Int?

    /// No limit.
    public init() {}

    var isNone: Bool { bytes == nil && days == nil }
  }

  /// Limits by kind; kinds without a limit are missing.
  public var limits: [CacheKind: Limit] = [:]
  /// `path/cache`: caches are searched in it.
  var cache: FilePath = "/var/cache/mirrorctl/cache"
  /// `path/distfiles`.
  var distfiles: FilePath = "/var/cache/mirrorctl/cache/distfiles"
  /// In `path/tmp`: work directories are searched in it.
  package var work: FilePath = "/var/cache/mirrorctl/work"
  /// `path/cache/git`.
  var git: FilePath = "/var/cache/mirrorctl/cache/cloned-repositories"

  /// No limits.
  public init() {}

  /// Reads the section.
  ///
  /// - Parameter temporary: the default of `path/tmp`.
  init(_ elements: Elements, temporary: FilePath) throws {
    let section = Self.section(elements)
    for kind in CacheKind.allCases {
      var limit = Limit()
      if kind != .history { limit.bytes = try section.bytes("\(kind.rawValue)/size") }
      if let text = try section.text("\(kind.rawValue)/age") {
        guard let days = RetentionPolicy.days(text) else {
          throw section.invalid("\(kind.rawValue)/age", "`\(text)` is not a time", "use 30d, 6w or 1y")
        }
        limit.days = days
      }
      if !limit.isNone { limits[kind] = limit }
    }
    // Elements of the spec tree, which is read for a target only; its defaults are the same.
    func path(_ name: String, _ usual: FilePath) -> FilePath {
      guard let text = (try? elements.text(name)) ?? nil, text.hasPrefix("/") else { return usual }
      return FilePath(text).normalized
    }
    let own = path("path/tmp", temporary)
    work = own.appending("work")
    cache = path("path/cache", own.appending("cache"))
    distfiles = path("path/distfiles", cache.appending("distfiles"))
    git = path("path/cache/git", cache.appending("cloned-repositories"))
  }

  static func section(_ elements: Elements) -> SettingsSection {
    SettingsSection(
      "caches", of: elements,
      known: CacheKind.allCases.flatMap { kind in
        (kind == .history ? ["age"] : ["size", "age"]).map { "\(kind.rawValue)/\($0)" }
      })
  }
}
