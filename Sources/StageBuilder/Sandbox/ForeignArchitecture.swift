package import LinuxSystem
package import MirrorModel
import CLinux
import Glibc
import MirrorTools
package import SystemPackage

/// Whether this machine can run the programs of a root: natively, or with an emulator that is registered on the host
/// or by each step.
package struct ForeignArchitecture: Sendable {
  /// How the programs run.
  package enum Means: Hashable, Sendable {
    /// Natively.
    case native
    /// With an emulator that the kernel opened at registration (flag F): the root needs no copy.
    case emulated(by: String)
    /// With an emulator that must be in the root, at this absolute path.
    case emulatedInside(by: String)
    /// With emulators that each step registers in its own user namespace.
    case registered([Emulator])

    /// For logs; nil for native programs.
    var text: String? {
      switch self {
      case .native: nil
      case .emulated(let path): "programs run under \(path), which is registered on the host"
      case .emulatedInside(let path):
        "programs run under \(path) in the root, which is registered on the host"
      case .registered(let emulators):
        "programs run under \(emulators.map(\.path).joined(separator: ", ")), "
          + "registered in each step's own user namespace"
      }
    }

    /// Those that each step must register.
    var emulators: [Emulator] { if case .registered(let emulators) = self { emulators } else { [] } }
  }

  /// A registered interpreter; see binfmt_misc in the kernel's documentation.
  struct Entry: Hashable, Sendable {
    let name: String
    let interpreter: String
    let isEnabled: Bool
    let isOpened: Bool
    private let offset: Int
    private let magic: [UInt8]
    private let mask: [UInt8]

    /// Parses a file of `/proc/sys/fs/binfmt_misc`; nil if the entry matches by file extension.
    init?(name: String, _ text: String) {
      var values: [Substring: Substring] = [:]
      let lines = text.split(separator: "\n")
      for line in lines.dropFirst() {
        guard let blank = line.firstIndex(of: " ") else { continue }
        values[line[..<blank]] = line[line.index(after: blank)...]
      }
      guard let first = lines.first, let interpreter = values["interpreter"],
        let magic = values["magic"].flatMap(Self.bytes)
      else { return nil }
      self.name = name
      self.interpreter = String(interpreter)
      isEnabled = first == "enabled"
      isOpened = values["flags:"]?.contains("F") == true
      offset = values["offset"].flatMap { Int($0) } ?? 0
      self.magic = magic
      mask = values["mask"].flatMap(Self.bytes) ?? [UInt8](repeating: 0xff, count: magic.count)
    }

    private static func bytes(_ digits: Substring) -> [UInt8]? {
      let digits = Array(digits)
      guard digits.count.isMultiple(of: 2) else { return nil }
      var bytes: [UInt8] = []
      for index in stride(from: 0, to: digits.count, by: 2) {
        guard let byte = UInt8(String(digits[index...(index + 1)]), radix: 16) else { return nil }
        bytes.append(byte)
      }
      return bytes
    }

    /// Whether it matches a program with this header.
    func matches(_ header: ProgramHeader) -> Bool {
      guard offset == 0, magic.count <= header.bytes.count, mask.count >= magic.count else { return false }
      return zip(zip(header.bytes, magic), mask).allSatisfy { ($0.0 ^ $0.1) & $1 == 0 }
    }
  }

  private let host: ProgramHeader.Machine?
  private let entries: [Entry]
  private let own: OwnRegistration

  /// The interpreters of this machine.
  package init() {
    let place = "/proc/sys/fs/binfmt_misc"
    var entries: [Entry] = []
    if let directory = try? AnchoredDirectory(root: FilePath(place)), let names = try? directory.entries() {
      for name in names.compactMap(\.name.text) where name != "register" && name != "status" {
        if let entry = ProcFile.text("\(place)/\(name)").flatMap({ Entry(name: name, $0) }) {
          entries.append(entry)
        }
      }
    }
    self.init(host: Self.hostMachine, entries: entries, own: .current)
  }

  init(host: ProgramHeader.Machine?, entries: [Entry], own: OwnRegistration) {
    self.host = host
    self.entries = entries
    self.own = own
  }

  /// The machine that mirrorctl itself is built for; nil if unknown.
  static var hostMachine: ProgramHeader.Machine? { ProgramHeader(program: OwnProgram.path)?.machine }

  /// How to run the programs of a tarball that is not unpacked yet.
  ///
  /// - Throws: when this is not possible, or the file is not a tarball.
  package func means(forTarball path: FilePath) throws(MirrorError) -> Means {
    try means(for: try SeedTarball.program(in: path.string), of: path.string)
  }

  /// How to run the programs of a root; an emulator that must be in the root has to exist there.
  ///
  /// - Throws: when this is not possible.
  package func means(forRoot root: FilePath) throws(MirrorError) -> Means {
    let means = try means(for: try Self.shell(of: root), of: "\(root)")
    if case .emulatedInside(let interpreter) = means, try !Self.isProgram(interpreter, in: root) {
      throw MirrorError(
        .refused, "\(root)\(interpreter)",
        "does not exist: the kernel looks for the emulator inside the root",
        remedy: "register it with flag F (fix binary), as Debian's qemu-user-static does, or copy it there")
    }
    return means
  }

  /// How to run a program.
  ///
  /// - Throws: when this is not possible; `subject` is what the program belongs to.
  package func means(for header: ProgramHeader?, of subject: String) throws(MirrorError) -> Means {
    guard let header else {
      throw MirrorError(.invalid, subject, "does not contain a shell", remedy: "use a complete stage")
    }
    let machine = header.machine
    guard let host, machine != host,
      Architecture(host)?.companions.contains(where: { $0.machine == machine }) != true
    else { return .native }
    let entry = entries.first { $0.isEnabled && $0.matches(header) }
    if let entry, entry.isOpened { return .emulated(by: entry.interpreter) }
    if let emulators = own.emulators(for: machine) { return .registered(emulators) }
    if let entry { return .emulatedInside(by: entry.interpreter) }
    let obstacle = own.obstacle(for: machine)
    throw MirrorError(
      .refused, subject,
      "contains programs for \(Architecture.title(of: machine)), which this machine cannot run\(obstacle.problem)",
      remedy: obstacle.remedy)
  }

  /// The shell of a root; nil if it has none, or if it is not a program.
  static func shell(of root: FilePath) throws(MirrorError) -> ProgramHeader? {
    guard let file = try open("bin/sh", in: root) else { return nil }
    return (try? file.bytes(upTo: ProgramHeader.size)).flatMap { ProgramHeader($0) }
  }

  private static func isProgram(_ path: String, in root: FilePath) throws(MirrorError) -> Bool {
    try open(path, in: root) != nil
  }

  private static func open(_ path: String, in root: FilePath) throws(MirrorError) -> Descriptor? {
    let directory = try AnchoredDirectory(root: root)
    let flags = UInt64(UInt32(bitPattern: O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY))
    let raw = clinux_openat2(directory.descriptor.raw, path, flags, 0, CLINUX_IN_ROOT)
    return raw >= 0 ? Descriptor(owning: raw) : nil
  }
}
