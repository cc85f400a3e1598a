import LinuxSystem
public import FlexData
public import SystemPackage

/// The master file, and the elements that it defines and collects.
public struct ConfigurationFile {
  /// Path of the file; nil if there is none and defaults are used.
  public let path: FilePath?
  /// The defined elements.
  public let elements: Elements
  /// Whether to run `<?python ?>` and other programs named in it.
  public let runsHostCode: Bool
  /// Collects that could not be resolved, which only builds need.
  public let unresolved: [Problem]
  /// The default of `path/tmp`.
  let temporary: FilePath

  /// How to find and read a master file.
  public struct Request: Sendable {
    /// `--config`, or `$MIRRORCTL_CONFIG`: a file that must exist.
    public var named: FilePath?
    /// Paths to try; the first existing file is used.
    public var candidates: [FilePath] = []
    /// `NAME: VALUE` arguments of the command line.
    public var definitions: [(name: String, value: String)] = []
    /// Whether to run `<?python ?>` and other programs.
    public var runsHostCode = true
    /// Why they are not run.
    public var refusal = "not allowed by the caller"
    /// The spec tree to collect if the configuration does not set `path/install`.
    public var tree: FilePath?
    /// The default of `path/tmp` in the spec tree.
    public var temporary: FilePath = "/var/cache/mirrorctl"
    /// The number of jobs that `portage/MAKEOPTS: auto` stands for.
    public var makeJobs = Workers.processors + 1
    /// Files that were read already, by this request or a copy of it.
    public var cache = DocumentCache()
    /// Whether an unresolved collect is an error.
    public var isStrict = false

    /// Without a file.
    public init() {}

    /// The file to read; nil if there is none.
    public var file: FilePath? { named ?? candidates.first(where: \.exists) }

    /// What becomes of a place: only one file is read.
    public enum Use: String, Sendable { case used, ignored, missing }

    /// The places that are tried, in order.
    public var places: [(path: FilePath, use: Use)] {
      let chosen = file
      return ([named].compactMap(\.self) + candidates).map { path in
        (path, !path.exists ? .missing : path == chosen ? .used : .ignored)
      }
    }
  }

  /// Reads a configuration.
  ///
  /// - Throws: ``FlexDataError`` with all errors in its texts, or ``MirrorError`` if it cannot be read.
  public init(_ request: Request) throws {
    runsHostCode = request.runsHostCode
    temporary = request.temporary
    path = request.file.map {
      $0.isAbsolute ? $0 : (FilePath.current ?? "/").pushing($0).normalized
    }
    var files = path.map { [$0.string] } ?? []
    var own: [(name: String, value: String)] = []
    if let path { own.append((name: "path/config", value: path.removingLastComponent().string)) }
    if request.tree != nil { own.append((name: "path/tmp/default", value: request.temporary.string)) }
    if let tree = request.tree, try !Self.namesTree(request, path) {
      own.append((name: "path/install", value: tree.string))
      files.append(tree.appending("etc/master.conf").string)
    }
    elements = Elements(Self.host(request.cache, runsCode: request.runsHostCode, request.refusal))
    try elements.define(own, origin: "mirrorctl")
    try elements.define(request.definitions, origin: "the command line")
    unresolved = try elements.collect(files, tolerant: !request.isStrict)
  }

  /// Whether the configuration itself defines the path of the spec tree.
  private static func namesTree(_ request: Request, _ path: FilePath?) throws -> Bool {
    let probe = Elements(host(request.cache, runsCode: false))
    try probe.define(request.definitions, origin: "the command line")
    // Errors are reported when the file is finally read.
    if let path { _ = try? probe.collect(path.string, tolerant: true) }
    return probe.names.contains("path/install")
  }

  private static func host(
    _ cache: DocumentCache, runsCode: Bool, _ refusal: String = ""
  ) -> HostAccess {
    HostAccess(
      cache: cache, stamp: stamp(of:),
      read: { path throws(HostAccess.Fault) in
        do throws(MirrorError) { return try contents(of: path) } catch {
          throw HostAccess.Fault(error.problem)
        }
      },
      run: { blocks throws(HostAccess.Fault) in
        guard runsCode else { throw HostAccess.Fault("code was not run: \(refusal)") }
        do throws(MirrorError) { return try HostProgram.python(blocks) } catch {
          throw HostAccess.Fault("\(error)")
        }
      })
  }

  private static func stamp(of path: String) -> [Int64]? {
    guard let identity = try? FilePath(path).status().identity else { return nil }
    return [
      Int64(bitPattern: identity.device), Int64(bitPattern: identity.inode), identity.size, identity.mtime,
      identity.ctime,
    ]
  }

  private static func contents(of path: String) throws(MirrorError) -> [UInt8] {
    let file = try attempt("read", path) { () throws(Errno) in try Descriptor(reading: FilePath(path)) }
    let status = try attempt("examine", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else { throw MirrorError(.invalid, path, "is not a regular file") }
    guard status.size <= 64 << 20 else { throw MirrorError(.invalid, path, "is larger than 64 MiB") }
    return try attempt("read", path) { () throws(Errno) in try file.bytes(upTo: Int(status.size)) }
  }
}
