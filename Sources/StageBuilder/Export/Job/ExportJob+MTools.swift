import LinuxSystem
import SystemPackage

extension ExportJob {
  /// Runs a program of mtools on a FAT file system in a file.
  ///
  /// - Parameters:
  ///   - command: the program, and its arguments but `-i`.
  ///   - image: the file, with `@@` and an offset if it is a part of it.
  func mtools(
    _ command: [String], on image: String, input: [UInt8] = [], in directory: FilePath
  ) throws(MirrorError) {
    try run(
      command.prefix(1) + ["-i", image] + command.dropFirst(),
      environment: ["MTOOLSRC": "/dev/null", "MTOOLS_NO_VFAT": "0", "MTOOLS_LOWER_CASE": "0"], input: input,
      in: directory)
  }
}
