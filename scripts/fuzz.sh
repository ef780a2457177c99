#!/usr/bin/env bash
# Feeds one of the parsers with inputs made by libFuzzer. Installs cargo-fuzz where it is missing; needs a nightly tool chain.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"

usage() {
  cat <<'TEXT'
usage: scripts/fuzz.sh TARGET|all|list SECONDS

An input that breaks a target is kept below fuzz/artifacts/TARGET and the exit code is not 0.
TEXT
}

targets() { sed -n '/^\[\[bin\]\]/,/^name/s/^name = "\(.*\)"$/\1/p' "$root/fuzz/Cargo.toml"; }

# fuzz TARGET SECONDS. The corpus starts from the hand-written seeds and grows beside them, out of git.
fuzz() {
  say "fuzzing $1 for $2 s"
  as_owner mkdir -p "$root/fuzz/corpus/$1"
  local seeds=()
  if [ -d "$root/fuzz/seeds/$1" ]; then seeds=("$root/fuzz/seeds/$1"); fi
  (cd "$root" && as_owner cargo +nightly fuzz run "$1" "fuzz/corpus/$1" "${seeds[@]}" -- -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1)
}

if [ "${1-}" = list ]; then
  targets
  exit 0
fi
if [ $# -ne 2 ]; then
  usage >&2
  exit 2
fi
if [ "$1" = all ]; then mapfile -t chosen < <(targets); else chosen=("$1"); fi
install_missing c++=g++
as_owner cargo +nightly --version >/dev/null 2>&1 || die 2 "fuzzing needs a nightly tool chain; get one with \`rustup toolchain install nightly --profile minimal\`"
owner_has cargo-fuzz || as_owner cargo install --locked --quiet cargo-fuzz
# Targets that read files write one for each input: in memory, and gone at the end.
if [ -d /dev/shm ]; then TMPDIR=/dev/shm; fi
TMPDIR=$(as_owner mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
broken=()
for target in "${chosen[@]}"; do
  targets | grep -qxF -- "$target" || die 2 "there is no target $target; the targets are: $(targets | tr '\n' ' ')"
  fuzz "$target" "$2" || broken+=("$target")
done
[ "${#broken[@]}" -eq 0 ] || die 1 "broken by an input below fuzz/artifacts: ${broken[*]}"
