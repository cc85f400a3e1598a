import LinuxSystem
import StageTrees
import SystemPackage

/// The files that a distribution for the Windows Subsystem for Linux has beside those of a stage.
struct WSLFiles {
  let user: String?
  let name: String
  /// The content of an icon.
  let icon: [UInt8]?
  /// Whether systemd runs; nil if the stage has it.
  let systemd: Bool?

  private static let iconPath = "usr/share/wsl/icon.ico"
  /// The largest icon that Windows accepts.
  private static let largestIcon = 10 << 20
  private static let managers: Set = ["usr/lib/systemd/systemd", "lib/systemd/systemd"]

  /// Units that cause problems there, as units of the system and of users.
  private static let units = [
    "NetworkManager.service", "systemd-networkd.service", "systemd-resolved.service",
    "systemd-tmpfiles-clean.service", "systemd-tmpfiles-clean.timer",
    "systemd-tmpfiles-setup-dev-early.service",
    "systemd-tmpfiles-setup-dev.service", "systemd-tmpfiles-setup.service", "tmp.mount",
  ]

  /// The changes to the archive of a stage.
  func edit(epoch: Int64) -> ArchiveEdit {
    var edit = ArchiveEdit(epoch: epoch)
    // Windows writes it.
    edit.omitted = ["etc/resolv.conf"]
    edit.added = [.init("etc/wsl-distribution.conf", .file(Array(distribution.utf8)))]
    if let icon { edit.added.append(.init(Self.iconPath, .file(icon))) }
    if systemd != false {
      // If systemd is requested, the stage need not have it where it usually is.
      let conditions = systemd == true ? [] : Self.managers
      edit.added.append(.init("etc/wsl.conf", .file(settings(systemd: true)), ifAny: conditions))
      for kind in ["system", "user"] {
        edit.added += Self.units.map {
          .init("etc/systemd/\(kind)/\($0)", .link("/dev/null"), ifAny: conditions)
        }
      }
    }
    edit.added.append(.init("etc/wsl.conf", .file(settings(systemd: false))))
    return edit
  }

  private var distribution: String {
    "[oobe]\ndefaultName = \(name)\n" + (icon == nil ? "" : "\n[shortcut]\nicon = /\(Self.iconPath)\n")
  }

  private func settings(systemd: Bool) -> [UInt8] {
    Array("[boot]\nsystemd = \(systemd)\n\(user.map { "\n[user]\ndefault = \($0)\n" } ?? "")".utf8)
  }

  /// The name of a distribution, from that of its image.
  static func name(of image: FilePath) throws(MirrorError) -> String {
    let name = image.lastComponent?.string ?? ""
    let words = (name.hasSuffix(".wsl") ? name.dropLast(4) : name[...]).utf8.map {
      isNameByte($0) ? $0 : UInt8(ascii: "-")
    }
    return String(decoding: words, as: UTF8.self)
  }

  /// The content of an icon.
  ///
  /// - Throws: if Windows would not accept it.
  static func icon(_ path: FilePath) throws(MirrorError) -> [UInt8] {
    let bytes = try attempt("read", "\(path)") { () throws(Errno) in
      try Descriptor(reading: path).bytes(upTo: largestIcon + 1)
    }
    guard bytes.starts(with: [0, 0, 1, 0]) else {
      throw MirrorError(.invalid, "\(path)", "is not an icon", remedy: "convert it to the format .ico")
    }
    guard bytes.count <= largestIcon else {
      throw MirrorError(.invalid, "\(path)", "is larger than 10 MiB", remedy: "use a smaller icon")
    }
    return bytes
  }
}
