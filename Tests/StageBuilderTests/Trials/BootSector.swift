import Foundation
import SystemPackage

/// A disk whose boot sector prints a text on the serial port, for tests that need no kernel.
enum BootSector {
  /// The disk.
  ///
  /// - Parameter ends: whether the machine resets afterwards; it stops otherwise.
  static func disk(printing text: String, ends: Bool = false) -> Data {
    // cli; xor ax, ax; mov ds, ax
    let begin: [UInt8] = [0xfa, 0x31, 0xc0, 0x8e, 0xd8]
    // next: lodsb; test al, al; jz end; mov dx, 0x3f8; out dx, al; jmp next
    let print: [UInt8] = [0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5]
    // mov al, 0xfe; out 0x64, al (the keyboard controller resets the machine)
    let reset: [UInt8] = ends ? [0xb0, 0xfe, 0xe6, 0x64] : []
    // hlt; jmp to it
    let stop: [UInt8] = [0xf4, 0xeb, 0xfd]
    let place = 0x7c00 + begin.count + 3 + print.count + reset.count + stop.count
    // mov si, place
    let address: [UInt8] = [0xbe, UInt8(place & 0xff), UInt8(place >> 8)]
    var sector = begin + address + print + reset + stop + Array(text.utf8) + [0]
    sector += [UInt8](repeating: 0, count: 510 - sector.count) + [0x55, 0xaa]
    return Data(sector + [UInt8](repeating: 0, count: 1 << 20))
  }
}
