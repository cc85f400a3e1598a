# mirrorctl: build, test, try and install. `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
SWIFTFLAGS ?=
# Installs what is missing. Packagers, who list it themselves, set it to `:`.
DEPENDENCIES ?= scripts/install-dependencies
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system

# Foundation and the Swift runtime are linked statically: the target machine needs only libraries of Debian.
RELEASE = -c release --static-swift-stdlib --disable-local-rpath -Xswiftc -no-stdlib-rpath $(SMALL)
# Packed relocations need glibc 2.36, as the rest of the binary does. Nothing loads symbols of the program.
SMALL = -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --no-export-dynamic
# The kernels, without optimization, would take a large part of the time of the tests.
TESTING = -Xcc -O2
BIN = .build/release/mirrorctl

.PHONY: help build test demo lint install uninstall dist deb container docs clean

help:
	@echo 'make build     release binary at $(BIN)'
	@echo 'make test      all tests'
	@echo 'make demo      run upkeep on a small mirror and build a tiny stage, step by step'
	@echo 'make lint      check the format, the dependencies between modules, and the wording'
	@echo 'make dist      tarballs of a release in .build/dist: sources, dependencies, and the binary if it was built'
	@echo 'make deb       Debian package of the release binary in .build/dist'
	@echo 'make container OCI image with that package in .build/dist'
	@echo 'make docs      documentation as a web site in .build/site'
	@echo 'make install   PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'
	@echo 'make uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'

build:
	@$(DEPENDENCIES) build
	MIRRORCTL_COMMIT=$$(scripts/commit) $(SWIFT) build $(SWIFTFLAGS) $(RELEASE) --product mirrorctl

test:
	@$(DEPENDENCIES) test
	$(SWIFT) build --build-tests $(TESTING)
	$(SWIFT) test --skip-build --parallel $(TESTING)

demo: build
	@$(DEPENDENCIES) demo
	@scripts/demo $(BIN)

lint:
	@$(DEPENDENCIES) lint
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	scripts/check-modules
	scripts/check-words

# Where files of a package go, below DESTDIR. A distribution may set DOC and the directories of completions and systemd.
SHARE = $(PREFIX)/share
DOC ?= $(SHARE)/doc/mirrorctl
BASHDIR ?= $(SHARE)/bash-completion/completions
ZSHDIR ?= $(SHARE)/zsh/site-functions
FISHDIR ?= $(SHARE)/fish/vendor_completions.d
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
# Settings of all units whose names begin with this one's.
DROPIN = mirrorctl-.service.d

# Installs the built files. Run `make build` first, as a user with network access. An existing configuration is kept.
install:
	@test -x $(BIN) || { echo 'make install: $(BIN) is missing: run `make build` first' >&2; exit 1; }
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(SHARE)/man/man5 $(SHARE)/man/man8 $(BASHDIR) $(ZSHDIR) $(FISHDIR) \
	  $(SHARE)/mirrorctl/schema $(DOC)/docs $(UNITDIR)/$(DROPIN) $(SYSUSERSDIR) $(TMPFILESDIR) $(SYSCONFDIR)/mirrorctl)
	if command -v strip > /dev/null; then s=-s; else s=; echo 'no strip (binutils): symbols are kept' >&2; fi; \
	  install $$s -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/mirrorctl
	install -m 644 man/*.5 $(DESTDIR)$(SHARE)/man/man5/
	install -m 644 man/*.8 $(DESTDIR)$(SHARE)/man/man8/
	$(BIN) --generate-completion-script bash > $(DESTDIR)$(BASHDIR)/mirrorctl
	$(BIN) --generate-completion-script zsh > $(DESTDIR)$(ZSHDIR)/_mirrorctl
	$(BIN) --generate-completion-script fish > $(DESTDIR)$(FISHDIR)/mirrorctl.fish
	install -m 644 Sources/MirrorTools/Index/index.rng Sources/MirrorTools/Index/index.schema.json \
	  $(DESTDIR)$(SHARE)/mirrorctl/
	install -m 644 share/schema/*.schema.json $(DESTDIR)$(SHARE)/mirrorctl/schema/
	for spec in $$(cd Sources/StageBuilder/Specs && find . -type f); do \
	  install -D -m 644 Sources/StageBuilder/Specs/$$spec $(DESTDIR)$(SHARE)/mirrorctl/specs/$$spec; done
	install -m 644 README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE share/cron.example $(DESTDIR)$(DOC)/
	install -m 644 docs/*.md docs/*.png $(DESTDIR)$(DOC)/docs/
	install -D -m 644 packaging/README.md $(DESTDIR)$(DOC)/packaging/README.md
	for unit in share/mirrorctl-*.service share/mirrorctl-*.timer; do \
	  sed 's|@PREFIX@|$(PREFIX)|g' $$unit > $(DESTDIR)$(UNITDIR)/$$(basename $$unit); done
	install -m 644 share/mirror.conf $(DESTDIR)$(UNITDIR)/$(DROPIN)/
	install -m 644 share/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/mirrorctl.conf
	install -m 644 share/tmpfiles.conf $(DESTDIR)$(TMPFILESDIR)/mirrorctl.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/mirrorctl/mirrorctl.conf || \
	  install -m 644 share/mirrorctl.conf $(DESTDIR)$(SYSCONFDIR)/mirrorctl/

# The configuration is kept.
uninstall:
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/bin/mirrorctl $(BASHDIR)/mirrorctl $(ZSHDIR)/_mirrorctl $(FISHDIR)/mirrorctl.fish \
	  $(addprefix $(SHARE)/,$(foreach s,5 8,$(patsubst man/%,man/man$(s)/%,$(wildcard man/*.$(s))))) \
	  $(SYSUSERSDIR)/mirrorctl.conf $(TMPFILESDIR)/mirrorctl.conf $(UNITDIR)/$(DROPIN)/mirror.conf \
	  $(addprefix $(UNITDIR)/,$(notdir $(wildcard share/mirrorctl-*.service share/mirrorctl-*.timer))))
	rm -rf $(DESTDIR)$(SHARE)/mirrorctl $(DESTDIR)$(DOC)

# The packages of a release: packaging/README.md.
dist:
	@$(DEPENDENCIES) package
	packaging/dist .build/dist

deb:
	@$(DEPENDENCIES) package
	packaging/deb .build/dist

container:
	@$(DEPENDENCIES) package
	packaging/container .build/dist

docs:
	@$(DEPENDENCIES) docs
	docs/site/make-api .build/api
	docs/site/make-site .build/site .build/api

clean:
	rm -rf .build
