import CLinux
import Glibc
import SystemPackage

/// Owner, mode, time and extended attributes that a node is to have.
struct NodeAttributes: Sendable {
  var uid: UInt32
  var gid: UInt32
  /// Permission bits, with setuid, setgid and sticky.
  var permissions: UInt32
  var mtime: NodeTime
  var extended: [ExtendedAttribute] = []

  /// What could not be set, though the node is there.
  struct Refusal: Sendable {
    let name: FileName
    let error: Errno
  }

  /// Gives them to a regular file or directory that is open.
  ///
  /// - Parameter keepsOwner: leaves the owner as it is: only root may give files away.
  func apply(to node: borrowing Descriptor, keepsOwner: Bool) throws(Errno) -> [Refusal] {
    if !keepsOwner { try retrying { Int(fchown(node.raw, uid, gid)) } }
    // A change of owner takes set-id bits and capabilities away, and a change of mode rewrites an ACL's mask.
    try retrying { Int(fchmod(node.raw, permissions)) }
    let refusals = try setExtended(on: node, isHeld: false)
    try retrying { Int(clinux_touch(node.raw, "", mtime.seconds, mtime.nanoseconds)) }
    return refusals
  }

  /// Gives them to anything else by its name in a directory; links have no mode.
  func apply(
    to name: FileName, in directory: borrowing TreeDirectory, isLink: Bool, keepsOwner: Bool
  ) throws(Errno) -> [Refusal] {
    let raw = directory.descriptor.raw
    if !keepsOwner {
      try retrying { name.withCString { Int(fchownat(raw, $0, uid, gid, AT_SYMLINK_NOFOLLOW)) } }
    }
    // fchmodat(2) follows links, so it goes through what is held.
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
        // A file system without them, or a plain user, still gets the file.
        guard [.notSupported, .notPermitted, .permissionDenied, .invalidArgument].contains(error) else {
          throw error
        }
        refusals.append(Refusal(name: attribute.name, error: error))
      }
    }
    return refusals
  }
}
