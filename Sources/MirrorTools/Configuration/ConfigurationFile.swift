import LinuxSystem
public import FlexData
public import SystemPackage

/// The master file, and what it defines with all that it collects.
public struct ConfigurationFile {
  /// Where it lies; nil where there is none, and defaults serve.
  public let path: FilePath?
  /// What is defined.
  public let elements: Elements
  /// Whether `<?python ?>` and other programs that it names may be run.
  public let runsHostCode: Bool
  /// Collects that could not be resolved, which only a build needs.
  public let unresolved: [Problem]

  /// How a master file is found and read.
  public struct Request: Sendable {
    /// `--config`, then `$MIRRORCTL_CONFIG`: a file that must be there.
    public var named: FilePath?
    /// Files of which the first that is there counts.
    public var candidates: [FilePath] = []
    /// `NAME: VALUE` of the command line.
    public var definitions: [(name: String, value: String)] = []
    /// Whether `<?python ?>` and other programs may be run.
    public var runsHostCode = true
    /// Why they are not, where they are not.
    public var refusal = "the caller forbids it"
    /// The spec tree to collect where the configuration names none as `path/install`.
    public var tree: FilePath?
    /// Whether a collect that cannot be resolved is an error.
    public var isStrict = false

    /// No file.
    public init() {}
  }

  /// Reads a configuration.
  ///
  /// - Throws: ``FlexDataError`` with all that is wrong in its texts, ``MirrorError`` where it cannot be read.
  public init(_ request: Request) throws {
    runsHostCode = request.runsHostCode
    let found = request.named ?? request.candidates.first(where: \.exists)
    path = found.map {
      $0.isAbsolute ? $0 : (FilePath.current ?? "/").pushing($0).lexicallyNormalized()
    }
    var files = path.map { [$0.string] } ?? []
    var own: [(name: String, value: String)] = []
    if let path { own.append((name: "path/config", value: path.removingLastComponent().string)) }
    if let tree = request.tree, try !Self.namesTree(request, path) {
      own.append((name: "path/install", value: tree.string))
      files.append(tree.appending("etc/master.conf").string)
    }
    elements = Elements(Self.host(runsCode: request.runsHostCode, request.refusal))
    try elements.define(own, origin: "mirrorctl")
    try elements.define(request.definitions, origin: "the command line")
    unresolved = try elements.collect(files, tolerant: !request.isStrict)
  }

  /// Whether the configuration itself says where the spec tree is.
  private static func namesTree(_ request: Request, _ path: FilePath?) throws -> Bool {
    let probe = Elements(host(runsCode: false))
    try probe.define(request.definitions, origin: "the command line")
    // What is wrong with it is told when it is read in earnest.
    if let path { _ = try? probe.collect(path.string, tolerant: true) }
    return probe.names.contains("path/install")
  }

  private static func host(runsCode: Bool, _ refusal: String = "") -> HostAccess {
    HostAccess(
      read: { path throws(HostAccess.Fault) in
        do throws(MirrorError) { return try contents(of: path) } catch {
          throw HostAccess.Fault(error.problem)
        }
      },
      run: { blocks throws(HostAccess.Fault) in
        guard runsCode else { throw HostAccess.Fault("code is not run: \(refusal)") }
        do throws(MirrorError) { return try HostProgram.python(blocks) } catch {
          throw HostAccess.Fault("\(error)")
        }
      })
  }

  private static func contents(of path: String) throws(MirrorError) -> [UInt8] {
    let file = try attempt("read", path) { () throws(Errno) in try Descriptor(reading: FilePath(path)) }
    let status = try attempt("look at", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else { throw MirrorError(.invalid, path, "is not a regular file") }
    guard status.size <= 64 << 20 else { throw MirrorError(.invalid, path, "is larger than 64 MiB") }
    return try attempt("read", path) { () throws(Errno) in try file.bytes(upTo: Int(status.size)) }
  }
}
