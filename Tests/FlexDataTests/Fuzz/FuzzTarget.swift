/// libFuzzer's entry: a text that may collect itself, loaded and expanded. Compiled together with FlexData.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let host = HostAccess(
    read: { path throws(HostAccess.Fault) in
      guard path.utf8.count < 40 else { throw HostAccess.Fault("there is no such file") }
      return bytes
    }, run: { blocks throws(HostAccess.Fault) in blocks })
  let elements = Elements(host)
  var shown = 0
  do throws(FlexDataError) { try elements.collect("main", tolerant: true) } catch {
    shown += error.description.utf8.count
  }
  for name in elements.names {
    do throws(FlexDataError) {
      shown += try elements.lines(name)?.count ?? 0
      shown += try elements.text(name)?.utf8.count ?? 0
    } catch { shown += error.description.utf8.count }
  }
  return shown < 0 ? -1 : 0
}
