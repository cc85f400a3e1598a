/// The example configuration.
public enum ExampleConfiguration {
  /// The text of `mirrorctl config example`.
  public static let text = """
    # The configuration of mirrorctl. The language is explained in mirrorctl.conf(5).
    # Searched in this order: --config FILE, $MIRRORCTL_CONFIG, ~/.config/mirrorctl/mirrorctl.conf, ~/.metro and
    # /etc/mirrorctl/mirrorctl.conf.

    [section path/mirror]

    # The mirror, with versions in BUILD/ARCH/SUBARCH/VERSION.
    : /srv/mirror
    owner: root
    group: root
    dirmode: 775

    [section target]

    # Compression of marked tarballs: xz, zst, gz or bz2.
    compression: xz

    [section path]

    # Work directory of builds, for the building user only. Caches below it are kept.
    tmp: /var/cache/mirrorctl

    [section build]

    # Network access of build steps: host, or none if path/distfiles contains all required files.
    network: host

    [section emerge]

    # Packages to add to a stage3 in addition to the system, and packages to omit.
    packages:
    packages/remove:

    [section rotation]

    # What to build here. A missing list means everything in the mirror.
    builds: funtoo-current
    arches: x86-64bit
    subarches: generic_64 core2_64
    # Stored here but built elsewhere: cleaned, digested and indexed, but never built.
    also-stored: amd64-piledriver

    # Build again after this many days; give up after this many failures in a row.
    stale-days: 3
    max-failcount: 3
    # Ways to build, used in turn.
    modes: full freshen
    # Images to make from a finished stage3.
    extras/generic_64: openvz

    # Versions that clean and upkeep keep per subarch: the newest three, and one per month for half a year.
    keep: 3
    keep-monthly: 6

    [section index]

    # Index formats to write: packages, metalink, latest, simplestreams, json, xml, html.
    formats: xml
    # URLs of the mirror, the best first; used in metalinks.
    # urls: https://mirror.example.org/funtoo
    # Operating system of container images.
    # os: Funtoo

    # Suffixes of release files beside those that mirrorctl knows, such as .qcow2 and .iso.
    # [section artifacts]
    # kinds: .box

    # How old and how large the caches of builds may become: distfiles, packages, git, ccache, logs, history.
    # [section caches]
    # distfiles/age: 180d
    # distfiles/size: 60G

    # Commands run when a verb ends, with its result as JSON on standard input.
    # [section hooks]
    # on-failure: mail -s "mirrorctl $MIRRORCTL_VERB failed" root
    # limit: 60s

    # Sign with this key: the full fingerprint as printed by gpg --fingerprint.
    # [section signing]
    # key: 0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567
    # homedir: /var/lib/mirrorctl/gnupg
    # formats: gpg asc
    # what: tarballs digests index

    # Trees of binary packages (binpackages/): builds to keep per package and slot, and the key that signs them.
    # [section binhost]
    # keep: 3
    # key: 0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567

    # Destination of `mirrorctl publish`: a path, rsync://HOST/MODULE/PATH or HOST:/PATH.
    # [section publish/public]
    # to: rsync://mirror.example.org/stages
    # url: https://mirror.example.org/stages
    # Delete files there one day after they were deleted here.
    # delete: yes
    # keep-remote-grace: 1d
    # Share of the files there that upkeep compares by content once a day, to find corrupt ones.
    # check: 1%

    # On a build server: send its own subarches to a master, which lists them in also-stored.
    # [section publish/master]
    # to: mirror@master.example.org:/srv/mirror
    # what: own
    # receive: ssh

    # On a master: what the server build1 may upload. Without such sections a server may update its own
    # subarches and add new ones.
    # [section receive/build1]
    # subarches: funtoo-current/x86-64bit/amd64-piledriver
    # snapshots: funtoo-current

    """
}
