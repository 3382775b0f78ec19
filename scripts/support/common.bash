# Shared by the scripts; source it, do not run it.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(basename "$0")

say() { printf '%s: %s\n' "$program" "$*"; }

warn() { printf '%s: warning: %s\n' "$program" "$*" >&2; }

die() {
  printf '%s: error: %s\n' "$program" "$*" >&2
  exit 1
}

# The comment at the top of a script is its help text.
help() {
  awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

need_swift() {
  command -v swift >/dev/null ||
    die "no 'swift' in PATH: install Swift 6.3 for Linux first"
}

# Builds one configuration and says where its programs are.
build() { # debug|release
  need_swift
  (cd "$root" && swift build -c "$1" >&2)
  (cd "$root" && swift build -c "$1" --show-bin-path)
}
