import SystemPackage
import TestSupport

/// Malicious mirrors with misleading names, links and files.
enum HostileMirror {
  /// Names as shell words in `printf` format; none may end in a newline, which `$( )` would drop.
  ///
  /// They contain a newline, bytes that are not UTF-8, an option, commands, quotes, a terminal escape
  /// sequence, C1 and DEL, a bidirectional mark, blanks, patterns, and characters special to printf and XML.
  static let names = [
    #"new\nline"#, #"bad\377\376utf8"#, #"-rf"#, #"--help"#, #"$(touch pwned)"#, #"`touch pwned`"#,
    #"a;touch pwned"#, #"quo\047te\042s"#, #"\047;touch pwned;\047"#, #"esc\033[31m\033]0;title\007red"#,
    #"del\177c1\302\233m"#, #"rtl\342\200\256gnp"#, #"\011tab sp ace "#, #"*"#, #"[a-z]?"#, #"back\\slash"#,
    #"per%%cent"#, #"<&amp;>"#, #"&&#x0a;"#, #"{}"#, #"~root"#, #"!history"#, #"# comment"#,
  ]

  /// Shell functions used by the other scripts.
  private static let functions = #"""
    # version DIRECTORY NAME: a complete version with a stage3 of that name.
    version() { mkdir -p -- "$1"; printf ok > "$1/status"; printf 'of %s' "$1" | xz -0 > "$1/stage3-$2.tar.xz"; }
    """#

  /// Subarches, releases and arches of every name, with three normal versions each.
  static func makeNames(in workspace: Workspace) throws {
    try workspace.shell(
      functions + "\n"
        + forEachName(
          """
          for day in 2016-01-01 2016-02-01 2016-03-01; do
            version "mirror/std/x86/$name/$day" plain
            version "mirror/$name/x86/gen/$day" plain
            version "mirror/std/$name/gen/$day" plain
          done
          """))
  }

  /// Every name as a version, a tarball, a `.tar` to compress and a control file's target in one subarch.
  static func makeFiles(in workspace: Workspace) throws {
    try workspace.shell(
      functions + "\n"
        + forEachName(
          """
          version "mirror/std/x86/versions/$name" plain
          version mirror/std/x86/gen/2016-01-01 "$name"
          version mirror/std/x86/gen/2016-01-02 "$name"
          printf plain > "mirror/std/x86/gen/2016-01-02/lxd-$name.tar"
          : > "mirror/std/x86/gen/2016-01-02/lxd-$name.tar.cme"
          mkdir -p mirror/std/x86/gen/.control/version/stage4 mirror/std/x86/versions/.control/version
          printf '%s' "$name" > "mirror/std/x86/gen/.control/version/stage4/$name"
          printf '%s' "$name" > "mirror/std/x86/versions/.control/.failcount"
          mkdir -p mirror/std/snapshots
          printf s | xz -0 > "mirror/std/snapshots/$name-2016-01-01.tar.xz"
          ln -s -- "$name" "mirror/std/x86/gen/link-$name.tar.xz"
          """) + #"""

          long=$(printf '%0250d' 0)
          printf long > "mirror/std/x86/gen/2016-01-02/$long.tar"
          printf long | xz -0 > "mirror/std/x86/gen/2016-01-02/${long%00}.tar.xz"
          version "mirror/std/x86/${long}00000/2016-01-01" plain
          """#)
  }

  /// Links out of the mirror, and files of the wrong type. `outside` is beside the mirror.
  static func makeLinks(in workspace: Workspace) throws {
    try workspace.shell(
      functions + #"""

        out="$PWD/outside"
        version outside/std/x86/gen/2015-01-01 precious
        version outside/x86/gen/2015-01-01 precious
        version outside/gen/2015-01-01 precious
        version outside/2015-01-01 precious
        mkdir -p outside/control/version; printf 3 > outside/control/.failcount
        printf secret > outside/secret; printf plain > outside/plain.tar; printf lost > outside/lost.gpg
        for day in 2016-01-01 2016-02-01 2016-03-01; do version mirror/std/x86/gen/$day plain; done
        # Links to directories outside, at every level.
        ln -s "$out" mirror/release; ln -s "$out" mirror/std/arch; ln -s "$out" mirror/std/x86/subarch
        ln -s ../../../../outside/2015-01-01 mirror/std/x86/gen/2015-01-01
        ln -s "$out" mirror/std/snapshots
        mkdir -p mirror/other/snapshots mirror/std/x86/gen/2016-02-01/nested
        ln -s "$out" mirror/std/x86/gen/2016-02-01/nested/deep
        ln -s "$out" mirror/std/x86/gen/2016-02-01/log
        # Latest links.
        ln -s /etc/passwd mirror/std/x86/gen/stage3-latest.tar.xz
        ln -s ../../../.. mirror/std/x86/gen/stage2-latest.tar.xz
        ln -s "$out/2015-01-01/stage3-precious.tar.xz" mirror/std/x86/gen/stage1-latest.tar.xz
        ln -s loop.tar.xz mirror/std/x86/gen/loop.tar.xz
        # Tarballs and sidecars.
        v=mirror/std/x86/gen/2016-03-01
        ln -s "$out/2015-01-01/stage3-precious.tar.xz" $v/stage3-link.tar.xz
        ln "$out/2015-01-01/stage3-precious.tar.xz" $v/stage3-hard.tar.xz
        mkfifo $v/stage3-fifo.tar.xz; mkfifo $v/stage3-plain.tar.xz.gpg
        mkdir $v/stage3-x.tar.xz; printf in | xz -0 > $v/stage3-x.tar.xz/stage3-y.tar.xz
        ln -s "$out/secret" $v/stage3-plain.tar.xz.hash.txt
        ln "$out/secret" $v/stage3-hard.tar.xz.hash.txt
        ln -s "$out/secret" $v/SHA256SUMS; ln "$out/secret" $v/SHA512SUMS
        ln -s "$out/plain.tar" $v/lxd-out.tar; : > $v/lxd-out.tar.cme
        printf plain > $v/lxd-in.tar; ln -s "$out/secret" $v/lxd-in.tar.cme
        printf plain > $v/lxd-run.tar; : > $v/lxd-run.tar.cme; ln -s "$out/secret" $v/lxd-run.tar.cme.run
        ln -s "$out/lost.gpg" $v/stage3-gone.tar.xz.gpg; ln "$out/lost.gpg" $v/stage3-lost.tar.xz.gpg
        ln -s "$out/secret" $v/build-info.json
        # Leftovers of a killed run.
        ln -s "$out" $v/.mirrorctl-4194305-0.tmp; ln -s "$out" mirror/.mirrorctl-4194305-0.tmp
        mkdir mirror/std/.mirrorctl-4194305-0.tmp; ln -s "$out" mirror/std/.mirrorctl-4194305-0.tmp/link
        ln "$out/secret" mirror/std/.mirrorctl-4194305-0.tmp/hard
        # Status and control.
        mkdir -p mirror/std/x86/fifo/2016-01-01 mirror/std/x86/dir/2016-01-01/status mirror/std/x86/ctl/2016-01-01
        mkfifo mirror/std/x86/fifo/2016-01-01/status
        ln -s "$out/control" mirror/std/x86/ctl/.control
        mkdir -p mirror/std/x86/ctl2/.control/version; ln -s "$out/control/.failcount" mirror/std/x86/ctl2/.control/.failcount
        ln -s "$out/secret" mirror/std/x86/ctl2/.control/version/stage3
        ln -s "$out/secret" mirror/std/x86/ctl2/.control/.multi_progress
        mkdir -p mirror/std/x86/ctl3/.control; printf 2 > mirror/std/x86/ctl3/.control/.failcount
        mkfifo mirror/std/x86/ctl3/.control/.multi_progress
        """#)
  }

  /// A shell loop over all names; `$name` is the current one.
  private static func forEachName(_ body: String) -> String {
    let words = names.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }
    // A format must not begin with a dash: not every printf supports `--`.
    return """
      for format in \(words.joined(separator: " ")); do
        name=$(printf "x$format")
        name=${name#x}
        \(body)
      done
      """
  }
}
