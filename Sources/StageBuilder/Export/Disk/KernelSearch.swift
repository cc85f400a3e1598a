import LinuxSystem

/// Finds kernels in a stage by the names that Debian, Gentoo, Funtoo, Fedora and systemd use.
enum KernelSearch {
  struct Kernel {
    let path: MirrorPath
    let initramfs: MirrorPath?
    let version: String
    /// With the initramfs, in bytes.
    let size: Int64
  }

  private static let prefixes: [String] = ["vmlinuz-", "kernel-", "vmlinux-", "linux-", "Image-"]
  private static let initramfsNames: [(prefix: String, suffix: String)] = [
    ("initrd.img-", ""), ("initramfs-", ".img"), ("initramfs-", ""), ("initrd-", ""), ("initrd-", ".img"),
  ]

  /// Kernels, those of newer versions last.
  static func kernels(in tree: borrowing AnchoredDirectory) throws(MirrorError) -> [Kernel] {
    var found: [Kernel] = []
    let boot: MirrorPath = "boot"
    for name in names(in: boot, of: tree) {
      if let version = prefixes.lazy.compactMap({ rest(of: name, after: $0) }).first {
        found.append(contentsOf: kernel(boot.appending(FileName(name)), version, in: tree))
      }
      // Boot Loader Specification: /boot/TOKEN/VERSION/linux.
      let token = boot.appending(FileName(name))
      for version in names(in: token, of: tree) {
        let place = token.appending(FileName(version))
        let initramfs = place.appending("initrd")
        guard let size = size(place.appending("linux"), in: tree) else { continue }
        let more = self.size(initramfs, in: tree)
        found.append(
          Kernel(
            path: place.appending("linux"), initramfs: more == nil ? nil : initramfs, version: version,
            size: size + (more ?? 0)))
      }
    }
    for modules in ["usr/lib/modules", "lib/modules"] {
      for version in names(in: MirrorPath(modules), of: tree) {
        let place = MirrorPath(modules).appending(FileName(version))
        for name in ["vmlinuz", "vmlinux"] as [FileName] {
          found.append(contentsOf: kernel(place.appending(name), version, in: tree))
        }
      }
    }
    // A stable order: the first place of a version wins, if it has an initramfs.
    return found.enumerated().sorted { left, right in
      if left.element.version != right.element.version {
        return isOlder(left.element.version, right.element.version)
      }
      let (first, second) = (left.element.initramfs == nil, right.element.initramfs == nil)
      return first == second ? left.offset > right.offset : first
    }.map(\.element)
  }

  private static func kernel(
    _ path: MirrorPath, _ version: String, in tree: borrowing AnchoredDirectory
  ) -> [Kernel] {
    guard let size = size(path, in: tree) else { return [] }
    var places = initramfsNames.map { MirrorPath("boot/\($0.prefix)\(version)\($0.suffix)") }
    places.append(path.parent.appending("initrd"))
    for place in places {
      if let more = self.size(place, in: tree) {
        return [Kernel(path: path, initramfs: place, version: version, size: size + more)]
      }
    }
    return [Kernel(path: path, initramfs: nil, version: version, size: size)]
  }

  private static func rest(of name: String, after prefix: String) -> String? {
    name.hasPrefix(prefix) && !name.hasSuffix(".old") && name.count > prefix.count
      ? String(name.dropFirst(prefix.count)) : nil
  }

  /// The names in a directory that need no quoting, sorted; none if it is missing.
  private static func names(in path: MirrorPath, of tree: borrowing AnchoredDirectory) -> [String] {
    guard let directory = try? tree.directory(path), let entries = try? directory.entries() else { return [] }
    return entries.compactMap(\.name.text).filter { $0.utf8.allSatisfy(isWordByte) }.sorted()
  }

  /// The size of a regular file that is not empty; nil for anything else.
  static func size(_ path: MirrorPath, in tree: borrowing AnchoredDirectory) -> Int64? {
    guard let found = try? tree.status(at: path), found.kind == .regular, found.size > 0 else { return nil }
    return found.size
  }

  /// Compares versions: runs of digits by their numbers, all else by its bytes.
  static func isOlder(_ left: String, _ right: String) -> Bool {
    var (left, right) = (Array(left.utf8)[...], Array(right.utf8)[...])
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    while let first = left.first, let second = right.first {
      if isDigit(first), isDigit(second) {
        let numbers = (left.prefix(while: isDigit), right.prefix(while: isDigit))
        (left, right) = (left.dropFirst(numbers.0.count), right.dropFirst(numbers.1.count))
        let (one, two) = (
          numbers.0.drop { $0 == UInt8(ascii: "0") }, numbers.1.drop { $0 == UInt8(ascii: "0") }
        )
        if one.count != two.count { return one.count < two.count }
        if !one.elementsEqual(two) { return one.lexicographicallyPrecedes(two) }
      } else {
        if first != second { return first < second }
        (left, right) = (left.dropFirst(), right.dropFirst())
      }
    }
    // A candidate is older than its release: 6.12_rc1, 6.12.
    if left.starts(with: "_rc".utf8) || left.starts(with: "-rc".utf8) { return true }
    if right.starts(with: "_rc".utf8) || right.starts(with: "-rc".utf8) { return false }
    return left.isEmpty && !right.isEmpty
  }
}
