extension Architecture {
  /// Its name in images for containers: Go's `GOARCH`, as the OCI image specification asks for; nil if Go has
  /// none.
  package var containerName: String? {
    switch self {
    case .amd64: "amd64"
    case .x86: "386"
    case .arm64: "arm64"
    case .arm: "arm"
    case .riscv64: "riscv64"
    case .ppc64: "ppc64"
    case .ppc64le: "ppc64le"
    case .s390x: "s390x"
    case .loong: "loong64"
    case .mips: "mips"
    case .mipsLittle: "mipsle"
    case .mips64: "mips64"
    case .mips64Little: "mips64le"
    default: nil
    }
  }
}
