import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import mirrorctl

@Suite("Completion") struct CompletionTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.shell(
      """
      cd mirror; mkdir -p std/snapshots other 'odd/$(echo)'; touch 'other/file'
      for v in 2026-11-01 2026-11-10 20261105T120000Z notes; do mkdir -p std/x86-64bit/core2_64/$v; done
      mkdir -p std/x86-64bit/generic_64 std/pure64 "$(printf 'std/\\033[2J')" .incoming; ln -s std/pure64 std/link
      """)
    try workspace.shell(
      """
      printf '[section path]\\nmirror: %s\\n' "$PWD/mirror" > .metro
      printf '[section publish/%s]\\nto: /nowhere\\ndelete: yes\\n' www dvd >> .metro
      printf '[section receive/server]\\nsubarches: std/x86-64bit/*\\n[section rotation]\\nbuilds: std next\\n' >> .metro
      printf '[section export/cloud]\\nformat: raw\\n[section x]\\ncode: [\\n<?python\\nraise Exception()\\n?>\\n]\\n' >> .metro
      touch name; mkdir bin; ln -s '\(Program.path)' bin/mirrorctl
      """)
  }

  /// The words that can follow, without what they mean.
  private func words(_ line: [String]) throws -> [Substring] {
    let outcome = try workspace.run([Program.path.string, Completion.request] + line)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(line): \(outcome.errorText)")
    return outcome.text.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
  }

  @Test(
    "knows verbs, options, values, and the names in the mirror and the configuration",
    arguments: [
      ("sta", "status"), ("fai", "fails"), ("help ke", "keys"), ("farm su", "submit"),
      ("farm help su", "submit"),
      ("--mirror /x -q -c /y sta", "status"), ("config wh", "where"), ("nosuch ", ""),
      ("status nosuch ", ""),
      ("fails --pl", "--plain"), ("clean --dry", "--dry-run"), ("--no", "--no-host-code"),
      ("publish ", "dvd www"),
      ("rebuild --from ", "dvd www"), ("receive ", "server"), ("export --with ", "cloud"),
      ("config get path/m", "path/mirror"), ("build ", "odd other std next"),
      ("build std ", "pure64 x86-64bit"),
      ("build -j 2 std x86-64bit ", "core2_64 generic_64"),
      ("build std x86-64bit core2_64 2", "2026-11-10 20261105T120000Z 2026-11-01"),
      ("build std x86-64bit core2_64 f", "full freshen"), ("build std/x86", "std/x86-64bit/"),
      ("build std/x86-64bit/core2_64 q", "quick"), ("build std target: ", ""), ("snapshot n", "next"),
      ("init std x", "x86-64bit"), ("zap ", "odd/ other/ std/"), ("verify other/", "other/file"),
      ("verify ./", ":files"),
      ("zap /", ":directories"), ("--mirror ", ":directories"), ("--mirror=", ":directories"),
      ("-c ", ":files"),
      ("build --mirror /nowhere ", "std next"), ("--mirror /nowhere zap ", ""),
      ("upkeep --algorithm s", "sha256 sha512"),
      ("upkeep --algorithm=sha512,s", "--algorithm=sha512,sha256"), ("upkeep --algorithm = b", "blake2b"),
      ("index --format h", "html"), ("capture --compression ", "gz bz2 xz zst none"), ("status -- --", ""),
      ("test --firmware ", "uefi bios both"), ("nextbuild --modes q", "quick"), ("farm cancel ", ""),
      ("step", ""),
      ("--config /nowhere build ", ""), ("step --gr", "--grace"),
    ])
  func known(line: String, expected: String) throws {
    let words = try words(line.split(separator: " ", omittingEmptySubsequences: false).map(String.init))
    #expect(words == expected.split(separator: " "), "\(line)")
  }

  @Test("explains verbs and options")
  func explained() throws {
    let outcome = try workspace.run([Program.path.string, Completion.request, "zap", "--dry"])
    #expect(outcome.text == "--dry-run\tPrint what would be done, and change nothing.\n")
  }

  /// What each shell makes of these words, the last of which is to be completed.
  private static let shells: [(line: String, expected: String)] = [
    ("statu", "status"), ("fails --pl", "--plain"), ("publish ", "dvd www"), ("help key", "keys"),
    ("zap std/x", "std/x86-64bit/"), ("zap odd/", "odd/$(echo)/"), ("verify ./na", "./name"),
    ("upkeep --format=ha", "hash.txt"),
    ("nosuch ", ""),
  ]

  @Test("works in bash", .enabled(if: Tool.exists("bash")))
  func bash() throws {
    for (line, expected) in Self.shells {
      // Readline splits words at equals signs.
      let words = line.replacing("=", with: " = ").split(separator: " ", omittingEmptySubsequences: false)
      let shown = try workspace.shell(
        """
        cat > complete <<'END'
        source <(mirrorctl --generate-completion-script bash)
        COMP_WORDS=(mirrorctl "$@"); COMP_CWORD=$#
        _mirrorctl mirrorctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        eval "COMPREPLY=(${COMPREPLY[*]})"
        echo "${COMPREPLY[*]}"
        END
        PATH=$PWD/bin:$PATH bash complete \(words.map { "'\($0)'" }.joined(separator: " "))
        """)
      #expect(shown.text == "\(expected)\n" && shown.errors.isEmpty, "\(line): \(shown.errorText)")
    }
  }

  @Test("works in fish", .enabled(if: Tool.exists("fish")))
  func fish() throws {
    for (line, expected) in Self.shells {
      let shown = try workspace.shell(
        """
        export PATH=$PWD/bin:$PATH
        fish --no-config -c 'mirrorctl --generate-completion-script fish | source; complete -C "mirrorctl \(line)"'
        """)
      let words = shown.text.split(separator: "\n").map {
        $0.prefix { $0 != "\t" }.replacing("--format=", with: "")
      }
      #expect(words.joined(separator: " ") == expected, "\(line)")
      #expect(shown.errors.isEmpty, "\(line): \(shown.errorText)")
    }
  }

  @Test("works in zsh", .enabled(if: Tool.exists("zsh")))
  func zsh() throws {
    // The line editor runs on a terminal of its own; the completed line is executed.
    try workspace.shell(
      """
      cat > rc <<'END'
      PATH=$PWD/bin:$PATH
      autoload -U compinit; compinit -u -d $PWD/dump
      source <(mirrorctl --generate-completion-script zsh)
      mirrorctl() { if [[ $1 == ---complete ]]; then command mirrorctl "$@"; else print -r -- "[$*]" >> $PWD/ran; fi }
      END
      cat > complete <<'END'
      zmodload zsh/zpty
      zpty shell zsh -f
      zpty -w shell "source $PWD/rc; print REA''DY"
      zpty -r shell text '*READY*'
      for line in "$@"; do
        zpty -n -w shell "$line"$'\\t\\n'
      done
      zpty -w shell "print THE''END"
      zpty -r shell text '*THEEND*'
      END
      """)
    let lines = Self.shells.filter { !$0.expected.isEmpty && !$0.expected.contains(" ") }
    let typed = lines.map { "'mirrorctl \($0.line)'" }.joined(separator: " ")
    try workspace.shell("timeout 60 zsh -f complete \(typed) > shown 2>&1")
    let ran = try workspace.shell("cat ran").text.split(separator: "\n")
    let expected = lines.map { entry in
      let start = entry.line.prefix(
        through: entry.line.lastIndex { " =".contains($0) } ?? entry.line.startIndex)
      return entry.line.contains(" ") ? start + entry.expected : entry.expected
    }
    #expect(ran.map { $0.dropFirst().dropLast().trimmingCharacters(in: .whitespaces) } == expected)
  }
}
