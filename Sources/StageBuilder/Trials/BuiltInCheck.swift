/// The check of a stage that has none of its own.
enum BuiltInCheck {
  /// Uses only what every POSIX shell has: the stage may contain little else.
  static let script = #"""
    #!/bin/sh
    failed=0
    fail() { echo "failed: $*"; failed=1; }
    newline='
    '

    # The system names itself.
    file=
    for candidate in /etc/os-release /usr/lib/os-release; do
      if [ -z "$file" ] && [ -r "$candidate" ]; then file=$candidate; fi
    done
    name=
    if [ -z "$file" ]; then
      fail "/etc/os-release: cannot be read"
    else
      while IFS= read -r line || [ -n "$line" ]; do
        case $line in NAME=?*) name=${line#NAME=} ;; esac
      done < "$file"
      if [ -n "$name" ]; then echo "$file: $name"; else fail "$file: does not define NAME"; fi
    fi

    # Programs start: their dynamic linker finds all libraries, and this CPU has all instructions.
    count=0
    start() {
      said=$("$1" --version 2>&1 < /dev/null)
      status=$?
      said=${said%%"$newline"*}
      case $status in
        126 | 127 | 129 | 13? | 14? | 15?) fail "$1 --version: exit status $status: $said" ;;
        *) count=$((count + 1)) ;;
      esac
    }
    for program in sh bash env ls cp cat grep sed awk find tar gzip xz zstd mount login su passwd ip openssl \
      curl git gpg gcc ld perl python3 udevadm systemctl openrc portageq dpkg rpm apk pacman; do
      for directory in /usr/bin /bin /usr/sbin /sbin; do
        if [ -f "$directory/$program" ] && [ -x "$directory/$program" ]; then
          start "$directory/$program"
          break
        fi
      done
    done
    if [ "$count" = 0 ]; then fail "no program starts"; else echo "programs that start: $count"; fi

    # Portage runs.
    if [ -x /usr/bin/emerge ]; then
      said=$(/usr/bin/emerge --version 2>&1 < /dev/null)
      status=$?
      if [ "$status" = 0 ]; then
        echo "emerge: ${said%%"$newline"*}"
      else
        fail "emerge --version: exit status $status: $said"
      fi
    fi
    exit "$failed"
    """# + "\n"
}
