import Foundation
import Glibc
public import SystemPackage

/// A web server on the loopback interface, Python's with range requests added, stopped with this value.
public final class WebServer {
  private static let program = """
    import http.server, os, ssl, sys

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format, *arguments):
            print(self.command, self.path, self.headers.get("Range", ""), file=log, flush=True)

        def do_GET(self):
            wanted, path = self.headers.get("Range", ""), self.translate_path(self.path)
            if not wanted.startswith("bytes=") or not os.path.isfile(path):
                return super().do_GET()
            size = os.path.getsize(path)
            first, last = wanted[6:].split("-")
            first, last = int(first), min(int(last or size - 1), size - 1)
            with open(path, "rb") as file:
                file.seek(first)
                body = file.read(last - first + 1)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    log = open(sys.argv[2] + "/log", "w")
    os.chdir(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3] + "/cert.pem", sys.argv[3] + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(sys.argv[2] + "/port.new", "w") as file:
        print(server.server_address[1], file=file)
    os.rename(sys.argv[2] + "/port.new", sys.argv[2] + "/port")
    server.serve_forever()
    """

  /// `http://127.0.0.1:PORT`, or the same with https.
  public let address: String
  private let state: FilePath
  private let process: RunningProgram

  /// Serves a directory; over TLS with `certificate`, a directory with `cert.pem` and `key.pem`.
  ///
  /// - Parameter state: a directory for its log and port file.
  public init(_ directory: FilePath, in state: FilePath, certificate: FilePath? = nil) throws {
    self.state = state
    try FileManager.default.createDirectory(atPath: state.string, withIntermediateDirectories: true)
    process = try RunningProgram(
      ["python3", "-c", Self.program, directory.string, state.string]
        + (certificate.map { [$0.string] } ?? []),
      environment: ["PATH": "/usr/bin:/bin"])
    var port: String?
    for _ in 0..<1500 where port == nil && process.isRunning {
      usleep(20_000)
      port = (try? String(contentsOfFile: "\(state)/port", encoding: .utf8))?.trimmingCharacters(
        in: .whitespacesAndNewlines)
    }
    guard let port else {
      if process.isRunning { kill(process.pid, SIGKILL) }
      throw Failure(message: try process.wait().errorText)
    }
    address = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)"
  }

  deinit { stop() }

  /// Stops it.
  public func stop() {
    guard process.isRunning else { return }
    kill(process.pid, SIGKILL)
    _ = try? process.wait()
  }

  /// The requests, one line each: method, path, range.
  public var requests: [String] {
    let log = (try? String(contentsOfFile: "\(state)/log", encoding: .utf8)) ?? ""
    return log.split(separator: "\n").map(String.init)
  }

  struct Failure: Error { let message: String }
}
