/// A configuration to begin with.
public enum ExampleConfiguration {
  /// The text of `mirrorctl config example`.
  public static let text = """
    # The configuration of mirrorctl. The language is explained in mirrorctl.conf(5).
    # It is looked for as --config FILE, $MIRRORCTL_CONFIG, ~/.metro and /etc/mirrorctl/mirrorctl.conf.

    [section path/mirror]

    # The mirror: BUILD/ARCH/SUBARCH/VERSION lie below it.
    : /srv/mirror
    owner: root
    group: root
    dirmode: 775

    [section target]

    # What marked tarballs are compressed to: xz, zst, gz or bz2.
    compression: xz

    [section path]

    # Where builds work: a directory for whoever builds alone. Caches below it are kept.
    tmp: /var/tmp/mirrorctl

    [section build]

    # What steps see of the network: host, or none if all that they need is in path/distfiles.
    network: host

    [section emerge]

    # What goes into a stage3 beside the system, and what is left out of it.
    packages:
    packages/remove:

    [section rotation]

    # What is built here. A list that is left out means all that the mirror holds.
    builds: funtoo-current
    arches: x86-64bit
    subarches: generic_64 core2_64
    # What lies here but is built elsewhere: it is cleaned, digested and indexed, and never built.
    also-stored: amd64-piledriver

    # Build again after so many days; give up after so many failures in a row.
    stale-days: 3
    max-failcount: 3
    # Each way to build follows the one before it.
    modes: full freshen
    # Images to make from the finished stage3.
    extras/generic_64: openvz

    # What clean and upkeep keep of each subarch: the newest three, and one a month for half a year.
    keep: 3
    keep-monthly: 6

    [section index]

    # What downloaders are told: metalink, latest, simplestreams, json, xml, html.
    formats: xml
    # Where the mirror is offered, the best first; metalinks name it.
    # urls: https://mirror.example.org/funtoo
    # The operating system of container images.
    # os: Funtoo

    # What hears of the end of a run, as JSON on its standard input.
    # [section hooks]
    # on-failure: mail -s "mirrorctl $MIRRORCTL_VERB failed" root
    # limit: 60s

    # Sign with this key: its whole fingerprint, as gpg --fingerprint shows it.
    # [section signing]
    # key: 0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567
    # homedir: /var/lib/mirrorctl/gnupg
    # formats: gpg asc
    # what: tarballs digests index

    # Where `mirrorctl publish` sends the mirror: a path, rsync://HOST/MODULE/PATH or HOST:/PATH.
    # [section publish/public]
    # to: rsync://mirror.example.org/stages
    # url: https://mirror.example.org/stages
    # Remove there what is gone here, a day later.
    # delete: yes
    # keep-remote-grace: 1d
    # Once a day upkeep compares this share of the files there by content, so that a rotten one is found.
    # check: 1%

    # A server that only builds sends its own subarches to a master, whose rotation has them in also-stored.
    # [section publish/master]
    # to: mirror@master.example.org:/srv/mirror
    # what: own
    # receive: ssh

    # On a master: what the server build1 may upload. Without such a section a server may continue its own
    # subarches and add new ones.
    # [section receive/build1]
    # subarches: funtoo-current/x86-64bit/amd64-piledriver
    # snapshots: funtoo-current

    """
}
