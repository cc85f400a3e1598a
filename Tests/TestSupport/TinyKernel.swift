public import Foundation

/// A kernel that prints its parameters and the beginning of its initramfs on the serial port, then stops: for tests that
/// boot in a second. Loaders of BIOS and UEFI start it as any kernel for x86.
///
/// Source: Linux, `Documentation/arch/x86/boot.rst`.
public enum TinyKernel {
  /// Its file.
  public static let file: Data = {
    var bytes = [UInt8](repeating: 0, count: 1024)
    func put(_ value: UInt64, _ count: Int, at offset: Int) {
      for index in 0..<count {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    }
    put(1, 1, at: 0x1f1)  // setup_sects
    put(0x40, 4, at: 0x1f4)  // syssize
    put(0xaa55, 2, at: 0x1fe)  // boot_flag
    put(0x66eb, 2, at: 0x200)  // jump
    bytes.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    put(0x020a, 2, at: 0x206)  // version
    put(1, 1, at: 0x211)  // loadflags: LOADED_HIGH
    put(0x10_0000, 4, at: 0x214)  // code32_start
    put(0x7fff_ffff, 4, at: 0x22c)  // initrd_addr_max
    put(0x1000, 4, at: 0x230)  // kernel_alignment
    put(1, 1, at: 0x234)  // relocatable_kernel
    put(12, 1, at: 0x235)  // min_alignment
    put(0x7ff, 4, at: 0x238)  // cmdline_size
    put(0x100_0000, 8, at: 0x258)  // pref_address
    put(0x1_0000, 4, at: 0x260)  // init_size
    return Data(bytes + code + [UInt8](repeating: 0, count: 1024 - code.count))
  }()

  private static let code: [UInt8] = {
    // mov dx, 0x3f8; out dx, al
    let out: [UInt8] = [0x66, 0xba, 0xf8, 0x03, 0xee]
    // cld; mov edi, esi; mov esi, [edi + cmd_line_ptr]; call print
    let parameters: [UInt8] = [0xfc, 0x89, 0xf7, 0x8b, 0xb7, 0x28, 0x02, 0, 0, 0xe8]
    // mov al, ' '; out; mov esi, [edi + ramdisk_image]; call print
    let initramfs: [UInt8] = [0xb0, 0x20] + out + [0x8b, 0xb7, 0x18, 0x02, 0, 0, 0xe8]
    // mov al, '\n'; out; hlt; jmp to it
    let end: [UInt8] = [0xb0, 0x0a] + out + [0xf4, 0xeb, 0xfd]
    // print: lodsb; test al, al; jz end; out; jmp print; end: ret
    let print: [UInt8] = [0xac, 0x84, 0xc0, 0x74, 0x07] + out + [0xeb, 0xf4, 0xc3]
    // The distances of calls fit into one byte.
    let second: [UInt8] = [UInt8(end.count), 0, 0, 0]
    let first: [UInt8] = [UInt8(initramfs.count + second.count + end.count), 0, 0, 0]
    return parameters + first + initramfs + second + end + print
  }()
}
