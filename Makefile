# mirrorctl: build, test, try and install. `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system

# Foundation and the Swift runtime are linked statically: the target machine needs only libraries of Debian.
RELEASE = -c release --static-swift-stdlib
BIN = .build/release/mirrorctl

.PHONY: help build test demo lint install uninstall clean

help:
	@echo 'make build     release binary at $(BIN)'
	@echo 'make test      all tests'
	@echo 'make demo      run upkeep on a small mirror and build a tiny stage, step by step'
	@echo 'make lint      check the format, the dependencies between modules, and the wording'
	@echo 'make install   PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'
	@echo 'make uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'

build:
	@scripts/install-dependencies build
	$(SWIFT) build $(RELEASE) --product mirrorctl

test:
	@scripts/install-dependencies test
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --parallel

demo: build
	@scripts/install-dependencies demo
	@scripts/demo $(BIN)

lint:
	@scripts/install-dependencies lint
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	scripts/check-modules
	scripts/check-words

# Installs the built files. Run `make build` first, as a user with network access.
install:
	@test -x $(BIN) || { echo 'make install: $(BIN) is missing: run `make build` first' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d $(DESTDIR)$(PREFIX)/share/mirrorctl \
	  $(DESTDIR)$(PREFIX)/share/doc/mirrorctl $(DESTDIR)$(UNITDIR)
	if command -v strip > /dev/null; then s=-s; else s=; echo 'no strip (binutils): symbols are kept' >&2; fi; \
	  install $$s -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/mirrorctl
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	$(BIN) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mirrorctl
	$(BIN) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_mirrorctl
	$(BIN) --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/mirrorctl.fish
	install -m 644 Sources/MirrorTools/Index/index.rng Sources/MirrorTools/Index/index.schema.json \
	  $(DESTDIR)$(PREFIX)/share/mirrorctl/
	install -d $(DESTDIR)$(PREFIX)/share/mirrorctl/schema
	install -m 644 share/schema/*.schema.json $(DESTDIR)$(PREFIX)/share/mirrorctl/schema/
	for spec in $$(cd Sources/StageBuilder/Specs && find . -type f); do \
	  install -D -m 644 Sources/StageBuilder/Specs/$$spec $(DESTDIR)$(PREFIX)/share/mirrorctl/specs/$$spec; done
	install -m 644 README.md CHANGELOG.md LICENSE share/cron.example $(DESTDIR)$(PREFIX)/share/doc/mirrorctl/
	for unit in share/mirrorctl-*.service share/mirrorctl-*.timer; do \
	  sed 's|@PREFIX@|$(PREFIX)|g' $$unit > $(DESTDIR)$(UNITDIR)/$$(basename $$unit); done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mirrorctl $(DESTDIR)$(PREFIX)/share/man/man8/mirrorctl*.8 \
	  $(DESTDIR)$(PREFIX)/share/man/man5/mirrorctl.conf.5 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mirrorctl \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_mirrorctl \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/mirrorctl.fish \
	  $(foreach unit,upkeep.service upkeep.timer build.service build.timer,$(DESTDIR)$(UNITDIR)/mirrorctl-$(unit))
	rm -rf $(DESTDIR)$(PREFIX)/share/mirrorctl $(DESTDIR)$(PREFIX)/share/doc/mirrorctl

clean:
	rm -rf .build
