import FlexData

/// Loaded texts in memory.
struct Spec {
  let elements: Elements

  /// Loads `main` and the files that it collects.
  init(
    _ files: [String: String], define pairs: [(name: String, value: String)] = [],
    run: @escaping @Sendable ([String]) throws(HostAccess.Fault) -> [String] = { _ throws(HostAccess.Fault) in
      throw HostAccess.Fault("python3 is not there")
    }
  ) throws(FlexDataError) {
    elements = Elements(Self.host(files, run: run))
    try elements.define(pairs, origin: "the command line")
    try elements.collect("main")
  }

  /// Loads one text.
  init(_ text: String, define pairs: [(name: String, value: String)] = []) throws(FlexDataError) {
    try self.init(["main": text], define: pairs)
  }

  static func host(
    _ files: [String: String],
    run: @escaping @Sendable ([String]) throws(HostAccess.Fault) -> [String] = { _ throws(HostAccess.Fault) in
      throw HostAccess.Fault("python3 is not there")
    }
  ) -> HostAccess {
    HostAccess(
      read: { path throws(HostAccess.Fault) in
        guard let text = files[path] else { throw HostAccess.Fault("there is no such file") }
        return Array(text.utf8)
      }, run: run)
  }

  subscript(name: String) -> String? { get throws(FlexDataError) { try elements.text(name) } }

  func lines(_ name: String) throws(FlexDataError) -> [String]? { try elements.lines(name) }
}

/// The problems in texts; none if they load, and the given elements expand.
func problems(_ files: [String: String], expanding names: String...) -> [Problem] {
  do throws(FlexDataError) {
    let spec = try Spec(files)
    for name in names { _ = try spec.lines(name) }
    return []
  } catch { return error.problems }
}

func problems(_ text: String, expanding name: String...) -> [Problem] {
  do throws(FlexDataError) {
    let spec = try Spec(text)
    for name in name { _ = try spec.lines(name) }
    return []
  } catch { return error.problems }
}
