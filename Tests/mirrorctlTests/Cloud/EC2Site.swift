import Foundation
import SystemPackage
import TestSupport
import Testing

/// A sparse disk, or a stage and its disk, and a server to send it to.
struct EC2Site {
  let workspace: Workspace
  /// The stage, or the disk.
  private let source: String
  let stub: EC2Stub

  /// A record, or a journal.
  struct Record: Decodable {
    struct Place: Decodable {
      let region: String
      let image: String?
      let snapshots: [String]
    }
    let name: String
    let token: String
    let images: [Place]

    /// All resources that it lists.
    var resources: Set<String> { Set(images.flatMap { $0.snapshots + [$0.image].compactMap(\.self) }) }
  }

  /// A disk with a GPT whose root is for x86-64, and data that neither begins nor ends with a block.
  static let disk = """
    import os
    with open("disk.raw", "wb") as disk:
        disk.truncate(64 * 2**20 - 100)
        disk.seek(512); disk.write(b"EFI PART")
        disk.seek(1024); disk.write(bytes.fromhex("e3bc684fcde8b14d96e7fbcaf984b709"))
        disk.seek(3 * 2**19 - 9); disk.write(os.urandom(2**20))
        disk.seek(40 * 2**20); disk.write(bytes(2**19))
        disk.seek(64 * 2**20 - 108); disk.write(b"the end.")
    """

  init() throws {
    workspace = try Workspace()
    source = "disk.raw"
    stub = try EC2Stub(in: workspace)
    try workspace.shell("python3 - <<'END'\n\(Self.disk)\nEND")
  }

  /// Settings of small disks.
  private static let small = ["esp=36M", "size=144M"]

  /// - Parameter tarball: the name of a stage with cloud-init, whose disk is `disk.raw`.
  init(tarball: String) throws {
    workspace = try Workspace()
    source = tarball
    stub = try EC2Stub(in: workspace)
    try workspace.shell(
      """
      mkdir -p root/bin root/boot root/etc root/usr/bin root/usr/lib/systemd/boot/efi
      cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; touch root/usr/bin/cloud-init
      echo kernel > root/boot/kernel-6.12.3-gentoo-dist; echo initramfs > root/boot/initramfs-6.12.3-gentoo-dist.img
      for name in x64 aa64; do echo loader > root/usr/lib/systemd/boot/efi/systemd-boot$name.efi; done
      head -c 3000000 /dev/urandom > root/usr/noise; tar -C root -cf \(tarball) .
      """)
    try makeDisk()
  }

  /// Makes the disk that an export of the stage sends.
  func makeDisk(_ settings: String...) throws {
    let usual = Self.small + ["variant=cloud-init", "console=tty0 ttyS0,115200"]
    let outcome = try workspace.run(
      [Program.path.string, "export"] + (usual + settings).flatMap { ["--set", $0] }
        + ["\(workspace.path)/\(source)", "\(workspace.path)/disk.raw"])
    guard outcome.status == 0 else {
      throw Workspace.ShellFailure(script: source, message: outcome.errorText)
    }
  }

  /// The command line of an export of the disk, as `NAME.ami.json`.
  func command(_ arguments: [String], name: String = "image") -> [String] {
    let disk = source == "disk.raw" ? [] : Self.small.map { "disk/\($0)" }
    let settings = (["region=eu-west-1", "endpoint=\(stub.address)"] + disk).flatMap { ["--set", $0] }
    return [
      "env", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", Program.path.string, "export",
    ] + settings + arguments + ["\(workspace.path)/\(source)", "\(workspace.path)/\(name).ami.json"]
  }

  func export(_ arguments: String..., name: String = "image") throws -> Outcome {
    try workspace.run(command(arguments, name: name))
  }

  /// Runs an export that the stub may kill.
  func haltedExport(_ arguments: [String] = []) throws -> Outcome {
    let script = "echo $$ > pid.new; mv pid.new pid; exec \"$@\""
    return try workspace.run(
      ["env", "-C", workspace.path.string, "sh", "-c", script, "sh"] + command(arguments))
  }

  /// Runs an export that the stub kills.
  func killedExport(_ arguments: [String] = []) throws {
    let outcome = try haltedExport(arguments)
    #expect(outcome.status == 137, "\(outcome.errorText)")
  }

  func record(_ file: String) throws -> Record? {
    guard let data = FileManager.default.contents(atPath: "\(workspace.path)/\(file)") else { return nil }
    #expect(try OutputSchema.problem(of: Array(data), "ami.schema.json") == nil)
    return try JSONDecoder().decode(Record.self, from: data)
  }

  var finished: Record? { get throws { try record("image.ami.json") } }
  var journal: Record? { get throws { try record(".image.ami.json.journal") } }

  /// Whether everything at the server is listed: by its number, or by the tag or name that the journal announces.
  func checkListed() throws {
    let lists = [try journal, try finished].compactMap(\.self)
    let state = try stub.state()
    for (name, resource) in state.snapshots.merging(state.images, uniquingKeysWith: { first, _ in first }) {
      let isListed = lists.contains { list in
        list.resources.contains(name) || resource.tags["mirrorctl:export"] == list.token
          || resource.name == list.name
          || state.images.values.contains { $0.snapshot == name && $0.name == list.name }
      }
      #expect(isListed, "\(name) \(resource) is in none of \(lists)")
    }
  }

  /// Whether the server has what the record lists, nothing else, and nothing is left of the journal.
  func checkFinished(regions: [String]) throws {
    let record = try #require(try finished)
    let state = try stub.state()
    #expect(Set(state.snapshots.keys).union(state.images.keys) == record.resources)
    #expect(record.images.map(\.region) == regions)
    #expect(state.images.count == regions.count && state.snapshots.count == regions.count)
    #expect(state.images.values.allSatisfy { $0.state == "available" && $0.name == record.name })
    let tagged = Array(state.images.values) + Array(state.snapshots.values)
    #expect(
      tagged.allSatisfy { $0.tags["mirrorctl:export"] == record.token && $0.tags["Name"] == record.name })
    let left = try workspace.shell("ls -A")
    #expect(!left.text.contains("journal") && !left.text.contains(".export"), "\(left.text)")
  }

  /// Whether the blocks at the server are those of the disk.
  func checkBlocks() throws {
    let snapshot = try #require(try finished?.images.first?.snapshots.first)
    try workspace.shell(
      """
      size=$(stat -c %s disk.raw); truncate -s %512K disk.raw; rm -f sent.raw; truncate -r disk.raw sent.raw
      for block in stub/blocks/\(snapshot)-*; do
        dd if="$block" of=sent.raw bs=512k seek="${block##*-}" conv=notrunc status=none
      done
      cmp sent.raw disk.raw; truncate -s $size disk.raw; rm sent.raw
      """)
  }

  /// No request was refused.
  func checkLog() throws -> [String] {
    let log = try stub.log()
    #expect(!log.contains { $0.hasPrefix("refused") }, "\(log)")
    return log
  }
}
