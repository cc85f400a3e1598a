import LinuxSystem

extension Remedy.Action {
  /// The action in words of the command line.
  var commandLine: String {
    switch self {
    case .digestgen: "run `mirrorctl digestgen`"
    case .forceDigests: "accept it as it is with `mirrorctl digestgen --force FILE`"
    case .index: "run `mirrorctl index`"
    case .refresh: "run `mirrorctl digestgen` and `mirrorctl index`"
    case .verify: "run `mirrorctl verify`"
    case .verifyParts: "verify it in parts: --subset 1/20"
    case .status: "`mirrorctl status`"
    case .preparation: "`mirrorctl init`"
    case .seed(let names):
      "run `mirrorctl init \(names) --local STAGE3` or `--remote BUILD/ARCH/SUBARCH`"
    case .seedVersion: "use --version YYYY-MM-DD or YYYYMMDDTHHMMSSZ"
    case .remoteSeed: "choose another with --remote"
    case .create: "run `mirrorctl upkeep --create`"
    case .forget(let path): "run `mirrorctl forget \(path)`"
    case .zap(let path): "run `mirrorctl zap \(path)`"
    case .previewRemovals: "`mirrorctl clean`"
    case .allowRemovals(let count?): "use --max-remove \(count)"
    case .allowRemovals(nil): "raise --max-remove"
    case .publish: "run `mirrorctl publish`"
    case .previewPublishing(let destination): "`mirrorctl publish \(destination) --dry-run`"
    case .receive(let server): "run `mirrorctl receive \(server)`"
    case .lockWait: "use --lock-wait SECONDS"
    case .upkeep: "runs `mirrorctl upkeep`"
    case .snapshot: "`mirrorctl snapshot`"
    case .build: "use `mirrorctl build`"
    case .doctor: "`mirrorctl doctor`"
    case .rebuild(let source): "run `mirrorctl rebuild --from \(source)`"
    case .certificate: "use --certificate"
    case .keepFiles: "without --delete"
    case .campaigns: "`mirrorctl farm status --all`"
    case .trustDestination: "use --key FILE, or --unsigned to accept files that only match their digests"
    }
  }
}
