# ghostferry-copydb. `make help` lists what can be asked for.

VERSION    := 2.3.0
BUILD      ?= build
CC         ?= cc
AR         ?= ar
PKG_CONFIG ?= pkg-config
# Either client library serves: on Debian stable mysqlclient.pc is MariaDB's
# Connector/C, elsewhere it is Oracle's libmysqlclient.
MYSQL      ?= mysqlclient

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
DESTDIR    ?=

CFLAGS     ?= -O2 -g
WARN       := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wformat=2 \
              -Wundef -Wcast-qual -Wwrite-strings -Wstrict-prototypes \
              -Wmissing-prototypes
PKGS       := $(MYSQL) libcjson libmicrohttpd libcurl zlib libzstd

override CPPFLAGS += -D_GNU_SOURCE -Iinclude $(if $(PROBES),-DPROBES)
override CPPFLAGS += $(patsubst -I%,-isystem %,\
              $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null))
override CFLAGS   += -std=c11 -pthread $(WARN) $(if $(DEV),-Werror) \
              $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
# libev and libsnappy ship no .pc file.
override LDLIBS   += $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) \
              -lev -lsnappy -lm

BIN  := $(BUILD)/ghostferry-copydb
LIB  := $(BUILD)/libghostferry.a
# The allocator is the program's alone: in the library it would be every test's.
MAIN := src/app/main.c src/app/allocator.c
SRC  := $(filter-out $(MAIN),$(wildcard src/*/*.c))
TEST := $(wildcard tests/unit/*/test_*.c)
OBJ  := $(SRC:%.c=$(BUILD)/%.o)
OBJS := $(OBJ) $(MAIN:%.c=$(BUILD)/%.o) $(TEST:%.c=$(BUILD)/%.o)
UNIT := $(TEST:tests/unit/%.c=$(BUILD)/unit/%)
MAN  := $(wildcard src/man/*.[157])

Q     := $(if $(V),,@)
quiet := $(V)$(findstring s,$(firstword -$(MAKEFLAGS)))
say    = $(if $(quiet),@:,@printf '  %-4s %s\n' $(1) $(2))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all unit check check-unit check-integration check-san format lint fuzz test demo bench \
        deps deb \
        install uninstall clean help FORCE

all: $(BIN) ## build $(BUILD)/ghostferry-copydb (the default)

$(BIN): $(MAIN:%.c=$(BUILD)/%.o) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/deps-found
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Its .incbin is nothing that the compiler tells of.
$(BUILD)/src/control/assets.o: $(addprefix src/control/,page.html page.css page.js login.html openapi.json)

unit: $(UNIT) ## build the unit tests

$(UNIT): $(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# Only version.o knows the stamp, and it is made again only when that changes.
$(BUILD)/src/base/version.o: $(BUILD)/version
$(BUILD)/src/base/version.o: override CPPFLAGS += \
	-DGHOSTFERRY_VERSION='"$(shell cat $(BUILD)/version 2>/dev/null)"'

$(BUILD)/version: FORCE
	@mkdir -p $(@D)
	@id=$$(TZ=UTC0 git log -1 --date=format-local:%Y%m%d%H%M%S \
		--format=%cd+%h --abbrev=7 2>/dev/null) || id=; \
	if [ -n "$$id" ] && [ -n "$$(git status --porcelain -uno 2>/dev/null)" ]; \
	then id="$$id+dirty"; fi; \
	echo "$(VERSION)+$${id:-00000000000000+unknown}" >$@.new; \
	cmp -s $@.new $@ || cp $@.new $@; rm -f $@.new

# A build directory used with other flags is built anew.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CPPFLAGS) $(filter-out -Werror,$(CFLAGS))' >$@.new; \
	cmp -s $@.new $@ || cp $@.new $@; rm -f $@.new

$(BUILD)/deps-found:
	@mkdir -p $(@D)
	@missing=; \
	for p in $(PKGS); do \
		$(PKG_CONFIG) --exists $$p 2>/dev/null || missing="$$missing $$p"; \
	done; \
	for h in ev.h snappy-c.h; do \
		echo "#include <$$h>" | $(CC) -E -x c -o /dev/null - 2>/dev/null || \
			missing="$$missing $$h"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "Not found:$$missing (or pkg-config, or $(CC))." >&2; \
		echo "Run 'make deps' to install the Debian packages." >&2; \
		exit 1; \
	fi
	@touch $@

check: check-unit lint ## unit tests and lint: seconds, no server

check-unit: unit ## unit tests only
	$(Q)tests/unit.sh $(BUILD)

check-integration: ## integration tests against private throwaway servers
	$(Q)+$(MAKE) PROBES=1 BUILD=build/probes all
	$(Q)/usr/bin/python3 tests/integration/run.py \
		--build build/probes $(ARGS)

check-san: ## integration tests under ASan and UBSan, or SAN=thread; ARGS='-k PATTERN'
	$(Q)+tests/san.sh '$(or $(SAN),address,undefined)' $(ARGS)

format: ## lay the C sources out as lint demands
	$(Q)clang-format -i --style=file:tests/lint/clang-format \
		$$(find src include tests -name '*.[ch]')

lint: ## rooms, headers, layout, documents, locks, what clang-tidy and gcc find
	$(Q)CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' tests/lint/run.sh

fuzz: ## replay the fuzzers' corpus, and fuzz with clang for SECONDS= each (20)
	$(Q)CC='$(CC)' tests/fuzz/run.sh $(or $(SECONDS),20) $(ARGS)

test: ## everything, as the gate runs it; last line is the count
	$(Q)+tests/run.sh

demo: ## a live move between two throwaway servers, interrupted twice
	$(Q)+tests/tools/demo.sh

bench: ## how this and other ways of moving tables compare: never fails on timing
	$(Q)+tests/tools/bench.sh

deps: ## install what building needs and is missing (Debian packages; needs root)
	$(Q)tests/tools/deps.sh

deb: ## a Debian package in $(BUILD); SOURCE_DATE_EPOCH= is honoured
	$(Q)+BUILD='$(BUILD)' src/package/deb.sh

install: all ## PREFIX=, DESTDIR=, BINDIR=, MANDIR=, DATADIR= are honoured
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(BIN) $(DESTDIR)$(BINDIR)/ghostferry-copydb
	for page in $(MAN); do \
		install -D -m 644 $$page \
			$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	install -D -m 644 src/package/ghostferry-copydb.bash \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/ghostferry-copydb
	install -D -m 644 src/package/_ghostferry-copydb \
		$(DESTDIR)$(DATADIR)/zsh/vendor-completions/_ghostferry-copydb

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/ghostferry-copydb \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/ghostferry-copydb \
		$(DESTDIR)$(DATADIR)/zsh/vendor-completions/_ghostferry-copydb
	for page in $(MAN); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	done

clean: ## remove $(BUILD)
	rm -rf $(BUILD)

help: ## this list
	@echo "make [target] [V=1] [DEV=1] [PROBES=1] [SAN=address,undefined|thread] [BUILD=dir] [CC=...]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '%-20s %s\n' "$$name" "$$text"; done

-include $(OBJS:.o=.d)
