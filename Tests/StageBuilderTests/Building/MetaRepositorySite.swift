import SystemPackage
import TestSupport

/// A meta-repo of the shape of Funtoo's and Macaroni's, and the repositories of its kits beside it.
enum MetaRepositorySite {
  /// Makes `git/meta-repo` with the branch `next`, and the kits beside it: `core-kit`, `python-kit` and `old-kit`, which
  /// is not part of the release. There is no .gitmodules, and the gitlinks name other commits.
  ///
  /// - Parameter core: commands that run in core-kit before it is committed.
  static func make(in workspace: Workspace, core: String = "") throws {
    try workspace.shell(
      """
      \(environment)
      mkdir -p git; cd git
      git init -q -b next core-kit; cd core-kit; mkdir -p profiles metadata; echo core-kit > profiles/repo_name
      printf 'repo-name = core-kit\\naliases = gentoo\\nthin-manifests = true\\n' > metadata/layout.conf
      \(core)
      git add .; git commit -qm core; core=$(git rev-parse HEAD)
      # Later commits must not be used.
      echo later > later; git add .; git commit -qm later; later=$(git rev-parse HEAD); cd ..
      git init -q -b next/3.9 python-kit; cd python-kit; mkdir -p profiles/funtoo/kits/python-kit/next/3.9 metadata
      echo python-kit > profiles/repo_name; printf 'repo-name = python-kit\\nmasters = core-kit\\n' > metadata/layout.conf
      echo 'PYTHON_TARGETS="python3_9"' > profiles/funtoo/kits/python-kit/next/3.9/make.defaults
      git add .; git commit -qm python; python=$(git rev-parse HEAD); cd ..
      git init -q -b next meta-repo; cd meta-repo; mkdir metadata repos.conf kits
      cat > metadata/kit-sha1.json << END
      {"core-kit": {"next": "$core", "mark": "$later"}, "old-kit": {"old": "$core"},
       "python-kit": {"next/3.9": {"sha1": "$python", "depth": 2}}}
      END
      cat > metadata/kit-info.json << END
      {"kit_order": ["core-kit", "python-kit"], "kit_settings": {"core-kit": {"type": "auto"}},
       "release_defs": {"core-kit": ["next", "mark"], "python-kit": ["next/3.9"]}, "release_info": {"version": 11}}
      END
      printf '[core-kit]\\nlocation = /var/git/meta-repo/kits/core-kit\\nauto-sync = no\\npriority = 7\\n' > repos.conf/core-kit
      printf '[DEFAULT]\\nmain-repo = core-kit\\n' > repos.conf/default
      git add .
      for kit in core-kit old-kit; do git update-index --add --cacheinfo 160000,$later,kits/$kit; done
      git commit -qm meta
      """)
  }

  /// Shell commands that make commits the same every time.
  static let environment = """
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
    export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    export GIT_AUTHOR_DATE='2026-11-20T10:00:00Z' GIT_COMMITTER_DATE='2026-11-20T10:00:00Z'
    """
}
