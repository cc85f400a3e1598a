package import LinuxSystem
package import MirrorModel
import CLinux
import Glibc
import MirrorTools
package import SystemPackage

/// Whether this machine can run the programs of a root: by itself, or by an emulator that the kernel knows.
package struct ForeignArchitecture: Sendable {
  /// How the programs are run.
  package enum Means: Hashable, Sendable {
    /// By the processor.
    case native
    /// By an emulator that the kernel opened when it was told of it (flag F): the root needs nothing.
    case emulated(by: String)
    /// By an emulator that is looked for inside of the root, at this absolute path.
    case emulatedInside(by: String)
  }

  /// What the kernel lets an interpreter run; see binfmt_misc in the kernel's documentation.
  struct Entry: Hashable, Sendable {
    let name: String
    let interpreter: String
    let isEnabled: Bool
    let isOpened: Bool
    private let offset: Int
    private let magic: [UInt8]
    private let mask: [UInt8]

    /// Of a file of `/proc/sys/fs/binfmt_misc`; nil if it matches by an extension.
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

    /// Whether it is for a program that begins so.
    func matches(_ header: ProgramHeader) -> Bool {
      guard offset == 0, magic.count <= header.bytes.count, mask.count >= magic.count else { return false }
      return zip(zip(header.bytes, magic), mask).allSatisfy { ($0.0 ^ $0.1) & $1 == 0 }
    }
  }

  private let host: ProgramHeader.Machine?
  private let entries: [Entry]

  /// Of this machine.
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
    self.init(host: ProgramHeader(program: OwnProgram.path)?.machine, entries: entries)
  }

  init(host: ProgramHeader.Machine?, entries: [Entry]) {
    self.host = host
    self.entries = entries
  }

  /// Whether the processor runs programs of an architecture, as mirrors name it.
  func runsItself(_ architecture: FileName) -> Bool {
    guard let machine = Architecture(directory: architecture)?.machine else { return false }
    return (try? means(for: ProgramHeader(machine), of: "\(architecture)")) == .native
  }

  /// How the programs of a tarball, which is not unpacked yet, are to be run.
  ///
  /// - Throws: when they cannot be, or it is no tarball.
  package func means(forTarball path: FilePath) throws(MirrorError) -> Means {
    try means(for: try SeedTarball.program(in: path.string), of: path.string)
  }

  /// How the programs of a root are to be run; an emulator that must lie in it has to be there.
  ///
  /// - Throws: when they cannot be.
  package func means(forRoot root: FilePath) throws(MirrorError) -> Means {
    let means = try means(for: try Self.shell(of: root), of: "\(root)")
    if case .emulatedInside(let interpreter) = means, try !Self.isProgram(interpreter, in: root) {
      throw MirrorError(
        .refused, "\(root)\(interpreter)", "is not there: the kernel looks for the emulator inside the root",
        remedy: "register it with flag F (fix binary), as Debian's qemu-user-static does, or copy it there")
    }
    return means
  }

  /// How a program is to be run.
  ///
  /// - Throws: when it cannot be; `subject` is what it belongs to.
  package func means(for header: ProgramHeader?, of subject: String) throws(MirrorError) -> Means {
    guard let header else {
      throw MirrorError(.invalid, subject, "has no shell that could be run", remedy: "take a whole stage")
    }
    guard let host, header.machine != host, header.machine != Architecture(host)?.compatible?.machine else {
      return .native
    }
    guard let entry = entries.first(where: { $0.isEnabled && $0.matches(header) }) else {
      throw MirrorError(
        .refused, subject, "holds programs of \(Self.name(header.machine)), which this machine cannot run",
        remedy: "install qemu-user-static and binfmt-support (Debian), or build on such a machine")
    }
    return entry.isOpened ? .emulated(by: entry.interpreter) : .emulatedInside(by: entry.interpreter)
  }

  private static func name(_ machine: ProgramHeader.Machine) -> String {
    Architecture(machine)?.title ?? "another architecture (ELF machine \(machine.number))"
  }

  private static func shell(of root: FilePath) throws(MirrorError) -> ProgramHeader? {
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
