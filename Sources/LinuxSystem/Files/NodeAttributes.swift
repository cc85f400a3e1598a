import CLinux
import Glibc
package import SystemPackage

/// The owner, mode, time and extended attributes to give a node.
package struct NodeAttributes: Sendable {
  package var uid: UInt32
  package var gid: UInt32
  /// Permission bits, including setuid, setgid and sticky.
  package var permissions: UInt32
  package var mtime: NodeTime
  package var extended: [ExtendedAttribute]

  package init(
    uid: UInt32, gid: UInt32, permissions: UInt32, mtime: NodeTime, extended: [ExtendedAttribute] = []
  ) {
    self.uid = uid
    self.gid = gid
    self.permissions = permissions
    self.mtime = mtime
    self.extended = extended
  }

  /// An attribute that could not be set on an existing node.
  package struct Refusal: Sendable {
    package let name: FileName
    package let error: Errno
    /// Whether the file system has no room for it, or never has for its size; otherwise this user or this file
    /// system does not support it.
    package var isForSpace: Bool { Self.forSpace.contains(error) }

    private static let forSpace: [Errno] = [.noSpace, .diskQuotaExceeded, .argListTooLong, .outOfRange]
    fileprivate static let errors =
      forSpace + [.notSupported, .notPermitted, .permissionDenied, .invalidArgument]

    package init(name: FileName, error: Errno) {
      self.name = name
      self.error = error
    }
  }

  /// Applies them to an open regular file or directory.
  ///
  /// - Parameter keepsOwner: leaves the owner unchanged, since only root can change it.
  package func apply(to node: borrowing Descriptor, keepsOwner: Bool) throws(Errno) -> [Refusal] {
    if !keepsOwner { try retrying { Int(fchown(node.raw, uid, gid)) } }
    // Changing the owner clears set-id bits and capabilities, and changing the mode rewrites an ACL's mask.
    try retrying { Int(fchmod(node.raw, permissions)) }
    let refusals = try setExtended(on: node, isHeld: false)
    try retrying { Int(clinux_touch(node.raw, "", mtime.seconds, mtime.nanoseconds)) }
    return refusals
  }

  /// Gives an open directory its owner and extended attributes, while its mode and time must wait.
  ///
  /// - Parameter keepsOwner: leaves the owner unchanged, since only root can change it.
  package func applyBeforeMode(
    to directory: borrowing Descriptor, keepsOwner: Bool
  ) throws(Errno) -> [Refusal] {
    if !keepsOwner { try retrying { Int(fchown(directory.raw, uid, gid)) } }
    return try setExtended(on: directory, isHeld: false)
  }

  /// Applies them to any other node by its name in a directory; links have no mode.
  package func apply(
    to name: FileName, in directory: borrowing TreeDirectory, isLink: Bool, keepsOwner: Bool
  ) throws(Errno) -> [Refusal] {
    let raw = directory.descriptor.raw
    if !keepsOwner {
      try retrying { name.withCString { Int(fchownat(raw, $0, uid, gid, AT_SYMLINK_NOFOLLOW)) } }
    }
    // fchmodat(2) follows links, so the held node is used.
    var refusals: [Refusal] = []
    if !isLink || !extended.isEmpty {
      let held = try directory.node(name)
      if !isLink {
        guard try NodeStatus(of: held).kind != .link else { throw .tooManySymbolicLinkLevels }
        try retrying { Int(chmod("/proc/self/fd/\(held.raw)", permissions)) }
      }
      refusals = try setExtended(on: held, isHeld: true)
    }
    try retrying { name.withCString { Int(clinux_touch(raw, $0, mtime.seconds, mtime.nanoseconds)) } }
    return refusals
  }

  private func setExtended(on node: borrowing Descriptor, isHeld: Bool) throws(Errno) -> [Refusal] {
    var refusals: [Refusal] = []
    for attribute in extended {
      do throws(Errno) { try attribute.set(on: node, isHeld: isHeld) } catch {
        guard Refusal.errors.contains(error) else { throw error }
        refusals.append(Refusal(name: attribute.name, error: error))
      }
    }
    return refusals
  }
}
