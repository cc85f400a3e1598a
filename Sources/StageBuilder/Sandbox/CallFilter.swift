import LinuxSystem
import CLinux
import Glibc
import SystemPackage

/// The system calls that no step may make, compiled once per helper: see `seccomp(2)`.
struct CallFilter {
  /// Its instructions for the kernel.
  let program: [UInt8]

  init() throws(MirrorError) {
    let name = "a filter of system calls"
    let file = Descriptor(owning: try checked(clinux_memory_file(name), "create", name))
    try checked(clinux_host_call_filter(file.raw), "compile", name)
    program = try attempt("read", name) { () throws(Errno) in
      try file.bytes(upTo: Int(clamping: lseek(file.raw, 0, SEEK_END)))
    }
  }
}
