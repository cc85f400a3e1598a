package import StageTrees

/// Whose root the steps of a build are; never the host's.
package enum Confinement: String, Codable, Sendable {
  /// The root of a user namespace with ids that nobody on the host has; the work directory is seen through an
  /// idmapped mount, and its owners on disk are those of the stage.
  case idmapped
  /// The same, where the file system or the kernel has no idmapped mounts: the owners on disk are shifted.
  case shifted
  /// The root of the user namespace that mirrorctl itself runs in, that of an ordinary user or a container's, but in
  /// another namespace.
  case userNamespace

  /// The first of the ids that steps of the host's root have; see ``StepUsers``.
  package static let firstID = IDShift.upperHalf.base

  /// How the owners of a stage are stored in the work directory; nil for as they are, without a limit.
  package var idShift: IDShift? {
    switch self {
    case .idmapped: IDShift(base: 0)
    case .shifted: .upperHalf
    case .userNamespace: nil
    }
  }

  /// For logs.
  package var text: String {
    switch self {
    case .idmapped: "steps run as an unprivileged user of the host (idmapped mount)"
    case .shifted:
      "steps run as an unprivileged user of the host (shifted owners: no idmapped mounts on this file system)"
    case .userNamespace: "steps run with the ids of mirrorctl's user namespace, in one of their own"
    }
  }
}
