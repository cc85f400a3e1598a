/// How one step of a run went.
struct StepResult {
  var status: ExitStatus
  /// One line of what was done; nil when nothing was.
  var summary: String?
}
