import LinuxSystem
import SystemPackage

/// Writes index files durably, in order, and only if they changed.
struct IndexPublisher: ~Copyable, Sendable {
  private let root: AnchoredDirectory

  /// Writes into the mirror at `root`.
  init(root: FilePath, _ ownershipRules: OwnershipRules = OwnershipRules()) throws(MirrorError) {
    self.root = try AnchoredDirectory(root: root, ownershipRules: ownershipRules)
  }

  /// Writes a file, and its signatures right after it; returns whether anything changed.
  ///
  /// - Parameter signatures: updates them; nil for a file without signatures.
  @discardableResult
  func publish(
    _ file: IndexFile, _ signatures: IndexSignatures? = nil
  ) throws(MirrorError) -> Bool {
    let directory = try root.makePath(file.path.parent)
    let isNews = try !holds(file, directory)
    guard let signatures else {
      if isNews { try write(file, in: directory) }
      return isNews
    }
    let areWanting = try signatures.areWanting(of: file, in: directory)
    guard isNews || areWanting else { return false }
    let made = signatures.make(of: file)
    if isNews {
      // For a moment there is no signature, rather than one of an older file.
      _ = try SignatureFiles.drop(of: file.path.name, in: directory)
      try write(file, in: directory)
    }
    for signature in made { try write(signature, in: directory) }
    if !isNews, !made.isEmpty {
      // Nothing would renew signatures in formats that are not requested any more.
      _ = try SignatureFiles.drop(of: file.path.name, except: made.map(\.path.name), in: directory)
    }
    return isNews || !made.isEmpty
  }

  /// Writes a file if it changed, and these signatures of it after it.
  func publish(_ file: IndexFile, signatures: [IndexFile]) throws(MirrorError) {
    let directory = try root.makePath(file.path.parent)
    if try !holds(file, directory) {
      _ = try SignatureFiles.drop(of: file.path.name, in: directory)
      try write(file, in: directory)
    }
    for signature in signatures { try write(signature, in: directory) }
  }

  /// Writes a file that contains its own signature if the index is signed; returns whether it changed.
  func publish(clearSigned file: IndexFile, _ signatures: IndexSignatures) throws(MirrorError) -> Bool {
    let directory = try root.makePath(file.path.parent)
    let existing = try text(of: file, in: directory)
    guard let text = try signatures.clearSigned(file, existing: existing) else { return false }
    return try publish(IndexFile(path: file.path, bytes: text))
  }

  private func text(
    of file: IndexFile, in directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> [UInt8]? {
    guard try directory.status(of: file.path.name)?.kind == .regular else { return nil }
    return try? directory.contents(
      of: MirrorPath(bytes: file.path.name.bytes), limit: file.bytes.count + SignatureFiles.limit)
  }

  /// Makes, changes or removes a link; returns whether anything changed.
  func publish(_ link: IndexLink) throws(MirrorError) -> Bool {
    let directory = try root.directory(link.path.parent)
    let name = link.path.name
    let existing = try directory.status(of: name)
    guard let target = link.target else {
      guard existing?.kind == .link else { return false }
      try directory.unlink(name)
      try directory.sync()
      return true
    }
    if let existing {
      guard existing.kind == .link else {
        throw MirrorError(
          .invalid, directory.displayed(name), "is not a link, so it cannot lead to the newest version",
          remedy: "move it away")
      }
      if try directory.linkText(of: name) == target.bytes { return false }
    }
    try directory.replaceLink(name, to: target.bytes, try directory.fileOwnership())
    try directory.sync()
    return true
  }

  /// Whether a link would be made, changed or removed.
  func wouldChange(_ link: IndexLink) throws(MirrorError) -> Bool {
    let directory = try root.directory(link.path.parent)
    let isThere = try directory.status(of: link.path.name)?.kind == .link
    guard let target = link.target else { return isThere }
    guard isThere else { return true }
    return try directory.linkText(of: link.path.name) != target.bytes
  }

  /// Whether publishing a file would change it.
  func wouldChange(_ file: IndexFile) throws(MirrorError) -> Bool {
    do throws(MirrorError) {
      if file.isClearSigned {
        let existing = try text(of: file, in: root.directory(file.path.parent))
        return existing.map { ClearText.body(of: $0) } != file.bytes
      }
      return try !holds(file, root.directory(file.path.parent))
    } catch {
      guard error.code == .system(.noSuchFileOrDirectory) else { throw error }
      return true
    }
  }

  /// Whether the file exists with the right content.
  private func holds(
    _ file: IndexFile, _ directory: borrowing AnchoredDirectory
  ) throws(MirrorError) -> Bool {
    let name = file.path.name
    guard let existing = try directory.status(of: name) else { return false }
    guard existing.kind == .regular else {
      throw MirrorError(
        .invalid, directory.displayed(name), "is not a regular file", remedy: "move it away")
    }
    guard existing.size == file.bytes.count else { return false }
    return try directory.contents(of: MirrorPath(bytes: name.bytes), limit: file.bytes.count) == file.bytes
  }

  private func write(_ file: IndexFile, in directory: borrowing AnchoredDirectory) throws(MirrorError) {
    let existing = try directory.status(of: file.path.name)
    let owned = try directory.fileOwnership()
    try DurableFile.write(
      file.bytes, to: file.path.name, in: directory,
      existing.flatMap { $0.kind == .regular ? Ownership(of: $0) : nil } ?? owned)
  }

  /// Removes a file; does nothing if it does not exist.
  func remove(_ path: MirrorPath) throws(MirrorError) {
    let directory = try root.directory(path.parent)
    try directory.unlink(path.name)
    try directory.sync()
  }

  /// Writes a file anywhere, in the same way; returns whether it changed.
  @discardableResult
  public static func write(_ bytes: [UInt8], to output: FilePath) throws(MirrorError) -> Bool {
    guard let name = output.lastComponent, name.kind == .regular else {
      throw MirrorError(.invalid, escaped(output.bytes), "is not a file name", remedy: "give a file name")
    }
    let parent = output.removingLastComponent()
    return try IndexPublisher(root: parent.isEmpty ? "." : parent).publish(
      IndexFile(path: MirrorPath(bytes: FilePath(root: nil, components: name).bytes), bytes: bytes))
  }
}
