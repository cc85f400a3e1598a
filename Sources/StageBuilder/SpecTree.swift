import LinuxSystem
public import SystemPackage

/// The spec tree that is shipped with the program.
public enum SpecTree {
  /// Its path: `$MIRRORCTL_SPECS`, `share/mirrorctl/specs` beside an installed program, or the checkout that
  /// the program was built in; nil if it is in none of them.
  ///
  /// - Parameters:
  ///   - program: the program's own path, without links.
  ///   - named: `$MIRRORCTL_SPECS`.
  public static func find(program: FilePath, named: String?) -> FilePath? {
    if let named, named.hasPrefix("/") { return FilePath(named) }
    let folder = program.removingLastComponent()
    var candidates = [folder.removingLastComponent().appending("share/mirrorctl/specs")]
    var ancestor = folder
    while !ancestor.isEmpty, ancestor != "/" {
      candidates.append(ancestor.appending("Sources/StageBuilder/Specs"))
      ancestor = ancestor.removingLastComponent()
    }
    return candidates.first { $0.appending("etc/master.conf").exists }
  }
}
