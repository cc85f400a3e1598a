package import LinuxSystem
import FoundationEssentials

/// Runs the steps of `ec2.py`, which talks to Amazon EC2, each in a process that ends with this one.
package struct CloudHelper: Sendable {
  private let account: CloudAccount
  private let cancellation: Cancellation

  package init(_ account: CloudAccount, _ cancellation: Cancellation) {
    self.account = account
    self.cancellation = cancellation
  }

  /// Runs a step to its end.
  ///
  /// - Parameter progress: called while blocks are sent.
  /// - Throws: ``MirrorError`` with the code that the service gave.
  @discardableResult
  package func run(
    _ request: CloudRequest, progress: ((CloudProgress) -> Void)? = nil
  ) throws(MirrorError) -> CloudAnswer {
    var request = request
    (request.profile, request.endpoint) = (account.profile, account.endpoint)
    guard let input = try? JSONEncoder().encode(request) else {
      throw MirrorError(.library, "ec2", "the request of step \(request.step.rawValue) cannot be encoded")
    }
    Log.step("ec2: \(request.step.rawValue) in \(request.region ?? "the default region")")
    var lines = LineBuffer()
    var last: Line?
    let outcome = try HostProgram.run(
      ["python3", "-I", "-c", Self.program], input: Array(input),
      leads: true, cancellation: cancellation
    ) { bytes in
      for text in lines.take(bytes) {
        guard let line = OutsideJSON.decode(Line.self, from: text) else { continue }
        if let now = line.progress { progress?(now) } else { last = line }
      }
    }
    if let answer = last?.result, outcome.status == 0 { return answer }
    guard let fault = last?.error else {
      throw MirrorError(
        .library, "python3",
        "failed with exit status \(outcome.status): \(outcome.lastErrors(2).joined(separator: "; "))",
        remedy: "see the message")
    }
    throw error(fault, request)
  }

  private struct Line: Decodable {
    let progress: CloudProgress?
    let result: CloudAnswer?
    let error: Fault?
  }

  private struct Fault: Decodable {
    let code: String
    let message: String
    let operation: String
  }

  private static let program = String(decoding: PackageResources.ec2_py, as: UTF8.self)

  private func error(_ fault: Fault, _ request: CloudRequest) -> MirrorError {
    let section = "[section export/\(account.section)]"
    let remedy =
      switch fault.code {
      case "NoBoto3": "install python3-boto3 (Debian) or dev-python/boto3 (Gentoo)"
      case "NoCredentials", "ProfileNotFound", "PartialCredentialsError":
        "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `profile` in \(section)"
      case "NoRegion": "set `region` in \(section), or AWS_DEFAULT_REGION"
      case "NameTaken": "set another `name`, or remove that image"
      case "NotOurs": "remove it by hand, or correct the record"
      case "Changed": "run the same command again when no other program writes to it"
      case "AuthFailure", "UnauthorizedOperation", "AccessDeniedException", "UnrecognizedClientException",
        "InvalidClientTokenId", "ExpiredToken", "RequestExpired":
        "check the credentials and what they permit, then run the same command again"
      default: "fix the cause, then run the same command again: it continues"
      }
    if fault.code == "Changed" {
      return MirrorError(.changed, request.path ?? "", fault.message, remedy: remedy)
    }
    let subject = ["ec2", request.region].compactMap(\.self).joined(separator: " ")
    let what = fault.operation.isEmpty ? "" : "\(fault.operation) failed: "
    let isOurs = fault.operation.isEmpty && !fault.code.contains(".")
    return MirrorError(
      .invalid, subject,
      escaped(Array((what + (isOurs ? fault.message : "\(fault.code): \(fault.message)")).utf8)),
      remedy: remedy)
  }
}

/// Cuts output into lines.
private struct LineBuffer {
  private var rest: [UInt8] = []
  /// No line of the helper is longer.
  private static let most = 1 << 20

  /// The lines that these bytes complete.
  mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
    rest += bytes
    guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else {
      if rest.count > Self.most { rest = [] }
      return []
    }
    let lines = rest[..<end].split(separator: UInt8(ascii: "\n")).map(Array.init)
    rest = Array(rest[(end + 1)...])
    return lines
  }
}
