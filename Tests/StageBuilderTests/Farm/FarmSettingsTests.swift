import FlexData
import Foundation
import LinuxSystem
import MirrorModel
import MirrorTools
import SystemPackage
import TestSupport
import Testing

@testable import StageBuilder

@Suite("[section farm]")
struct FarmSettingsTests {
  private func settings(_ lines: String...) throws -> FarmSettings {
    try FarmSettings(elements(lines))
  }

  private func elements(_ lines: [String]) throws -> Elements {
    let text = (["[section farm]"] + lines).map { $0 + "\n" }.joined()
    let elements = Elements(HostAccess(read: { _ throws(HostAccess.Fault) in Array(text.utf8) }))
    try elements.collect("main")
    return elements
  }

  private func request(_ node: FarmNode, after jobs: [Int] = []) -> JobRequest {
    JobRequest(
      mark: JobMark(campaign: "c", node: node.id, number: 1), node: node, jobs: jobs, time: 61,
      memory: (1 << 20) + 1)
  }

  @Test("becomes the options of sbatch, by the architecture of the target")
  func options() throws {
    let settings = try settings(
      "engine: slurm", "partition: build", "partition/arm64: arm", "constraint/amd64: avx2&ssd", "cpus: 4",
      "account: releng", "qos: low", "options: --nice=100 --exclusive", "retry/memory: 4")
    #expect(settings.engine == .slurm)
    #expect(settings.retries.memory == 4)
    let amd64 = request(FarmNode(id: "a", name: "a", command: ["true"], architecture: .amd64), after: [3, 4])
      .options(settings)
    let expected = [
      "--partition=build", "--constraint=avx2&ssd", "--cpus-per-task=4", "--account=releng", "--qos=low",
      "--dependency=afterok:3:4", "--time=2", "--mem=2M", "--comment=mirrorctl:c:a:1", "--no-requeue",
    ]
    #expect(Set(expected).isSubset(of: amd64))
    #expect(amd64.suffix(2) == ["--nice=100", "--exclusive"])
    let arm64 = request(FarmNode(id: "a", name: "a", command: ["true"], architecture: .arm64)).options(
      settings)
    #expect(arm64.contains("--partition=arm"))
    #expect(!arm64.contains { $0.hasPrefix("--constraint") || $0.hasPrefix("--dependency") })
  }

  @Test(
    "is refused with the name of the setting",
    arguments: [
      ("engine: nomad", "farm/engine"), ("time: soon", "farm/time"), ("memory: much", "farm/memory"),
      ("partition: --wrap", "farm/partition"), ("constraint/z80: x", "farm/constraint/z80"),
      ("options: --comment=x", "farm/options"), ("options: -J x", "farm/options"),
      ("retry/time: 9", "farm/retry/time"), ("slice: 0", "farm/slice"), ("logs: here", "farm/logs"),
    ])
  func errors(line: String, setting: String) {
    let error = #expect(throws: MirrorError.self) { try settings(line) }
    #expect(error?.subject.hasSuffix(setting) == true)
  }

  @Test("an unknown setting is an error")
  func unknown() throws {
    #expect(throws: MirrorError.self) { try settings("partitoin: x") }
  }

  @Test("the script of a job passes any argument on, and keeps the log and the exit status")
  func script() throws {
    let workspace = try Workspace()
    var settings = FarmSettings()
    settings.logs = workspace.path.appending("it's logs/deep").string
    let arguments = ["", "a b", "$HOME `id` 'x' \"y\" \\", "line\nline", "*"]
    let node = FarmNode(
      id: "a", name: "a", command: ["sh", "-c", #"printf '<%s>\n' "$@"; exit 3"#, "sh"] + arguments)
    let outcome = try workspace.run(
      ["env", "SLURM_JOB_ID=7", "sh"], input: request(node).script(settings))
    #expect(outcome.status == 3)
    #expect(outcome.text.isEmpty)
    let log = try String(contentsOfFile: LogPlace.path(settings, job: 7), encoding: .utf8)
    #expect(log.hasPrefix("mirrorctl:c:a:1 on "))
    #expect(log.hasSuffix(arguments.map { "<\($0)>\n" }.joined()))
  }

  @Test("doctor says what a cluster lacks for campaigns")
  func check() {
    func subjects(_ cluster: [String: String]) -> [String] {
      FarmCheck.problems(cluster, FarmSettings()).map(\.subject)
    }
    let good = ["SLURM_VERSION": "22.05.8", "MinJobAge": "86400 sec", "MaxJobCount": "10000"]
      .merging(["AccountingStorageType": "accounting_storage/none"]) { $1 }
    #expect(subjects(good) == [])
    #expect(subjects(good.merging(["MinJobAge": "300 sec"]) { $1 }) == ["MinJobAge"])
    let accounts = ["MinJobAge": "300 sec", "AccountingStorageType": "accounting_storage/slurmdbd"]
    #expect(subjects(good.merging(accounts) { $1 }) == [])
    #expect(subjects(good.merging(["SLURM_VERSION": "20.11.4"]) { $1 }) == ["slurm"])
    #expect(subjects(good.merging(["MaxJobCount": "600"]) { $1 }) == ["farm/slice"])
  }
}

@Suite("doctor with a farm", .waiting, .enabled(if: FarmSite.isPossible, FarmSite.reason))
struct FarmDoctorTests {
  @Test("asks the cluster")
  func cluster() throws {
    let site = try FarmSite()
    func subjects() -> [String] {
      FarmCheck.problems(
        site.settings, launcher: site.cluster.launcher, cancellation: site.cancellation
      ).map(\.subject)
    }
    #expect(subjects() == ["MinJobAge"])
    try site.cluster.signalController("TERM")
    #expect(subjects() == ["scontrol"])
  }
}
