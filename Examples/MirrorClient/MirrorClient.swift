import Glibc
import Hashing
import LinuxSystem
import MirrorTools
import SystemPackage

/// An example program that uses only the public interface of the libraries:
///
///     mirror-client plan MIRROR STATE        prints the versions that would be removed to keep one per subarch
///     mirror-client clean MIRROR STATE       removes them
///     mirror-client digestgen MIRROR STATE   writes digests
///
/// STATE is a directory in which the libraries store data between runs.
@main
struct MirrorClient {
  static func main() {
    let words = CommandLine.arguments.dropFirst().map { String($0) }
    guard words.count == 3 else {
      print("usage: mirror-client plan|clean|digestgen MIRROR STATE")
      exit(64)
    }
    do throws(MirrorError) {
      exit(try run(words[0], on: FilePath(words[1]), state: FilePath(words[2])).rawValue)
    } catch {
      print("mirror-client: \(error)")
      exit(ExitStatus(error).rawValue)
    }
  }

  private static func run(
    _ verb: String, on mirror: FilePath, state: FilePath
  ) throws(MirrorError) -> ExitStatus {
    var environment = RunEnvironment(stateDirectory: state)
    environment.result = { print($0) }
    environment.problem = { print("mirror-client: \($0)") }
    environment.hashing.jobs = 1
    var policy = RetentionPolicy()
    policy.keep = 1
    switch verb {
    case "plan":
      let run = try MirrorRun(reading: mirror, MirrorConfiguration(), environment)
      let planned = try CleanRun(run, policy).plan()
      for item in planned.plan.removals { print("\(item.path): \(item.reason), \(item.bytes) bytes") }
      return run.status
    case "clean":
      let run = try MirrorRun(writing: mirror, MirrorConfiguration(), environment, as: "client")
      let clean = CleanRun(run, policy)
      return finish(try clean.apply(clean.plan()), of: run)
    case "digestgen":
      let run = try MirrorRun(writing: mirror, MirrorConfiguration(), environment, as: "client")
      let digestgen = DigestgenRun(run)
      return finish(try digestgen.apply(digestgen.plan()), of: run)
    default:
      throw MirrorError(.invalid, verb, "is not plan, clean or digestgen")
    }
  }

  private static func finish(_ report: any Report, of run: MirrorRun) -> ExitStatus {
    for line in report.lines { print(line) }
    for message in report.messages { print("mirror-client: \(message)") }
    print(report.summary ?? "nothing to do")
    return report.status.worse(run.status)
  }
}
