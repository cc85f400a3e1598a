package import LinuxSystem

/// Lookups by name: a directory may have tens of thousands of files, so that no search may read all of them for
/// each one.
extension Folder {
  /// The tarball with a name.
  package func tarball(_ name: FileName) -> Tarball? { tarballs[tarballs.range(of: name, by: \.name)].first }

  /// The link with a name.
  package func link(_ name: FileName) -> Link? { links[links.range(of: name, by: \.path.name)].first }

  /// The files that describe a tarball, by name.
  package func sidecars(of tarball: FileName) -> ArraySlice<Sidecar> {
    sidecars[sidecars.range(of: tarball, by: \.tarball)]
  }

  /// The file of one kind that describes a tarball.
  package func sidecar(_ kind: SidecarKind, of tarball: FileName) -> Sidecar? {
    sidecars(of: tarball).first { $0.kind == kind }
  }

  /// Sorts what was added in the order of the directory: `a.tar-b.tar.gpg` is between `a.tar` and `a.tar.gpg`.
  mutating func sort() {
    if !sidecars.isSorted(by: \.tarball) {
      sidecars.sort { ($0.tarball, $0.kind.rawValue) < ($1.tarball, $1.kind.rawValue) }
    }
    if !digestSignatures.isSorted(by: \.tarballName) {
      digestSignatures.sort { ($0.tarballName, $0.name) < ($1.tarballName, $1.name) }
    }
  }
}

extension Array {
  /// The indices of the elements with a key, in an array that is sorted by it.
  func range<Key: Comparable>(of key: Key, by property: (Element) -> Key) -> Range<Int> {
    var (start, end) = (startIndex, endIndex)
    while start < end {
      let middle = start + (end - start) / 2
      if property(self[middle]) < key { start = middle + 1 } else { end = middle }
    }
    end = start
    while end < endIndex, property(self[end]) == key { end += 1 }
    return start..<end
  }

  func isSorted<Key: Comparable>(by property: (Element) -> Key) -> Bool {
    zip(self, dropFirst()).allSatisfy { property($0) <= property($1) }
  }
}
