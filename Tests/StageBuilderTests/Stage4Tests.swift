import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("A stage4, by real Portage", .enabled(if: PortageSite.isPossible))
struct Stage4Tests {
  @Test("contains what its settings ask for; ccache and memory are only for the build")
  func vocabulary() throws {
    let site = try PortageSite(
      """
      [section target when target is server]
      spec: stage4
      [section build when target is server]
      ccache: yes
      tmpfs: 64m
      [section stage4 when target is server]
      packages: app-misc/extra app-misc/hello app-misc/unwanted
      packages/remove: app-misc/unwanted
      services: web log:boot
      services/remove: old
      users: admin:wheel,audio guest
      overlay: $[path/config]/overlay
      empty: /etc/emptied /srv/emptied
      remove: /srv/*.bak /usr/share/none
      motd: [
      Welcome to $[target/name].
      ]
      permissions: [
      # A secret is readable on the host, and closed here.
      /srv/secret nobody:root 0600
      /srv - 0751
      ]
      script: [
      say "my own commands"
      printf '%s\\n' "$(stat -f -c %T /var/tmp/portage)" > /srv/memory
      cc -o /usr/bin/own /usr/src/own.c
      ]
      """)
    // Stand-ins for programs that this seed lacks; they write what they are called with.
    try site.workspace.shell(
      """
      mkdir -p overlay/usr/sbin overlay/usr/src overlay/srv/emptied overlay/etc/init.d
      echo 'int main(void) { return 0; }' > overlay/usr/src/own.c
      for name in useradd usermod rc-update; do
        printf '#!/bin/sh\\necho "%s $*" >> /srv/calls\\n' $name > overlay/usr/sbin/$name
      done
      chmod 755 overlay/usr/sbin/*
      : > overlay/etc/init.d/web; : > overlay/etc/init.d/log
      echo x > overlay/etc/emptied; echo x > overlay/srv/emptied/x; echo x > overlay/srv/a.bak
      echo secret > overlay/srv/secret; ln -s secret overlay/srv/link
      """)
    let version = "2026-11-23"
    let outcome = try site.build(version, "target:", "snapshot")
    try #require(outcome.status == 0, "\(outcome.errorText)")
    let built = try site.build(version, "target:", "server")
    let log = site.text("\(version)/log/server.txt") ?? ""
    try #require(built.status == 0, "\(built.errorText)\n\(log.suffix(4000))")
    let stage = "\(version)/server-generic_64-gentoo-\(version).tar"
    let names = try site.names(in: stage)
    for name in [
      "./usr/bin/extra", "./usr/bin/hello", "./usr/bin/own", "./srv/secret", "./srv/link", "./srv/emptied/",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    for name in ["./usr/bin/unwanted", "./srv/a.bak", "./srv/emptied/x", "./usr/lib/ccache/bin/cc"] {
      #expect(!names.contains(name), "\(name)")
    }
    #expect(
      !names.contains {
        $0.contains("dev-util/ccache") || $0.contains("mirrorctl") && !$0.hasPrefix("./etc/portage")
      })
    #expect(try site.file("./etc/motd", in: stage) == "Welcome to server-generic_64-gentoo-\(version).\n")
    #expect(try site.file("./etc/emptied", in: stage) == "")
    #expect(try site.file("./srv/memory", in: stage) == "tmpfs\n")
    #expect(
      try site.file("./srv/calls", in: stage) == """
        useradd -m admin
        usermod -a -G wheel,audio admin
        useradd -m guest
        rc-update add web default
        rc-update add log boot
        rc-update --all delete old

        """)
    let owners = try site.workspace.run([
      "tar", "--numeric-owner", "-tvf", "\(site.path)/\(stage)", "./srv/secret", "./srv/link", "./srv/",
    ])
    .text.split(separator: "\n").map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    #expect(
      Set(owners).isSuperset(of: ["-rw------- 65534/0", "lrwxrwxrwx 0/0", "drwxr-x--x 0/0"]))
    // The compiler was called through ccache, whose files are the step's and stay for the next build.
    let calls = try site.workspace.shell("cat tmp/cache/ccache/*/calls").text
    #expect(calls.split(separator: "\n").first == "10G")
  }

  @Test("settings that cannot be used are found before anything is built")
  func faults() throws {
    for (setting, problem) in [
      ("build/tmpfs", "build/tmpfs: `much` is not a size: use a size such as 8G or 50%"),
      ("path/overlay", "path/overlay: `/much` is not a directory: create it, or correct stage4/overlay"),
    ] {
      let site = try PortageSite()
      let outcome = try site.build(
        "freshen", "2026-11-23", "\(setting):", setting.hasPrefix("path") ? "/much" : "much")
      #expect(outcome.status == 1 && outcome.errorText.contains(problem), "\(outcome.errorText)")
      #expect(!FileManager.default.fileExists(atPath: "\(site.path)/2026-11-23/log"))
    }
  }
}
