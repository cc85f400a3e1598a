/// The configuration of GRUB in a live image.
struct GRUBMenu: Sendable {
  /// The names of files in the image, from its root.
  static let kernel = "boot/vmlinuz"
  static let initramfs = "boot/initramfs.img"
  static let path = "boot/grub/grub.cfg"

  let title: String
  let label: String
  let consoles: [String]
  let parameters: [String]
  let timeout: Int

  /// What is built into GRUB's programs: how to find the image that has the menu.
  var search: String {
    """
    search --no-floppy --set=root --label \(label)
    set prefix=($root)/boot/grub

    """
  }

  /// The parameters of the kernel. Source: dracut.cmdline(7), "Booting live images".
  var commandLine: [String] {
    ["root=live:CDLABEL=\(label)", "rd.live.image", "rd.live.overlay.overlayfs=1"]
      + consoles.map { "console=\($0)" } + parameters
  }

  var text: String {
    // Words in single quotes are used unchanged.
    let words = commandLine.map { "'\($0)'" }.joined(separator: " ")
    return """
      set default=0
      set timeout=\(timeout)
      \(terminal)menuentry '\(title.filter { $0 != "'" })' {
        linux /\(Self.kernel) \(words)
        initrd /\(Self.initramfs)
      }

      """
  }

  /// Consoles of UEFI firmware include its serial ports; a BIOS has none.
  private var terminal: String {
    guard let console = consoles.last(where: { $0.hasPrefix("ttyS") }) else { return "" }
    let parts = console.dropFirst(4).split(separator: ",", omittingEmptySubsequences: false)
    guard let unit = parts.first.flatMap({ Int($0) }), (0...3).contains(unit) else { return "" }
    let speed = parts.dropFirst().first.flatMap { Int($0.prefix { $0.isASCII && $0.isNumber }) } ?? 115_200
    return """
      if [ "$grub_platform" = pc ]; then
        if serial --unit=\(unit) --speed=\(speed); then
          terminal_input console serial
          terminal_output console serial
        fi
      fi

      """
  }
}
