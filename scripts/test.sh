#!/usr/bin/env bash
# All four rings of tests: pure, fake (an engine in process), wire (scripted daemons and registries that lie, cut and stall),
# live (a private engine). Installs what they need where it is run as root. The last line counts what passed.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/rust.sh
. "$root/scripts/lib/rust.sh"
# shellcheck source=scripts/lib/traces.sh
. "$root/scripts/lib/traces.sh"
# shellcheck source=scripts/lib/rings.sh
. "$root/scripts/lib/rings.sh"

usage() {
  cat <<'TEXT'
usage: scripts/test.sh [--full]

--full   the long form: long tests too, more cases of each property (PROPTEST_CASES, 4096), every fuzz target for
         FUZZ_SECONDS (60 each; 600 for a thorough look), licences of all dependencies, and the demo

The live ring needs root, and CI=true makes a skipped test or a ring without a passed one a failure. Ends with
pure=N fake=N wire=N live=N skipped=N
TEXT
}

install_tools() {
  need_rust
  if ! is_root; then
    say "not root: nothing is installed and the live ring will be skipped"
    return
  fi
  install_missing dockerd='docker.io' containerd=containerd runc=runc docker='docker-cli|docker.io' docker-registry=docker-registry \
    mmdebstrap=mmdebstrap ip=iproute2 iptables-save=iptables unshare=util-linux mount=mount git=git jq=jq \
    openssl=openssl ssh=openssh-client sshd=openssh-server podman=podman conmon=conmon slirp4netns=slirp4netns \
    /usr/lib/python3/dist-packages/prometheus_client=python3-prometheus-client \
    /etc/ssl/certs/ca-certificates.crt=ca-certificates /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring
}

# Only cargo runs as the owner; the test programs keep root's rights, which the live ring needs.
pure_ring() {
  local owned
  owner_words
  run_tests "$work" pure "$limit" "${owned[@]}" cargo test --locked --doc
  run_tests "$work" pure "$limit" "$unit_program" "${long[@]}"
  run_ring "$work" pure "$limit" "${long[@]}"
}

# One live test at a time: engines compete for cores and memory.
live_ring() {
  traces >"$work/before"
  run_ring "$work" live "$live_limit" --test-threads=1 "${long[@]}"
  local left trace
  mapfile -t left < <(new_traces "$work/before")
  for trace in "${left[@]}"; do failures+=("left behind: $trace"); done
  if [ "${#left[@]}" -gt 0 ]; then say "something is left behind, unless another loadline is at work on this machine: its engines show here too"; fi
}

# part NAME PROGRAM… is one of the parts that only the long form has.
part() {
  local name=$1 started=$SECONDS
  shift
  say "== $name"
  "$@" || failures+=("$name: code $?")
  say "-- $name: $((SECONDS - started)) s"
}

long_parts() {
  part fuzz "$root/scripts/fuzz.sh" all "$fuzz_seconds"
  part licences "$root/scripts/licences.sh"
  part demo "$root/scripts/demo.sh"
}

verdict() {
  local total=0 ring
  for ring in "${rings[@]}"; do
    total=$((total + passed[$ring]))
    if [ "${CI-}" = true ] && [ "${passed[$ring]}" -le 0 ]; then failures+=("$ring: no test passed, which CI does not allow"); fi
  done
  if [ "${#failures[@]}" -gt 0 ]; then
    say "failed:"
    printf '  %s\n' "${failures[@]}" >&2
  fi
  printf '%d passed, %d failed, %d skipped\n' "$total" "${#failures[@]}" "$skipped"
  printf 'pure=%d fake=%d wire=%d live=%d skipped=%d\n' "${passed[pure]}" "${passed[fake]}" "${passed[wire]}" "${passed[live]}" "$skipped"
  [ "${#failures[@]}" -eq 0 ]
}

# The first live run on a machine also builds all base images and measures ten variants: half an hour on two busy cores.
full=no long=() limit=900 live_limit=4500 fuzz_seconds=${FUZZ_SECONDS:-60}
[[ $fuzz_seconds =~ ^[1-9][0-9]*$ ]] || die 2 "FUZZ_SECONDS is '$fuzz_seconds' and no number of seconds; say FUZZ_SECONDS=600 for ten minutes a target"
case ${1-} in
  '') ;;
  --full)
    # Sixteen times as many cases of each property.
    full=yes long=(--include-ignored) limit=3600 live_limit=7200
    export PROPTEST_CASES=${PROPTEST_CASES:-4096}
    ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LOADLINE_SKIPPED_LOG=$work/skips CARGO_MANIFEST_DIR=$root CARGO_TERM_COLOR=never
: >"$LOADLINE_SKIPPED_LOG"
timed tools install_tools
timed build build_tests "$work"
sort_tests "$work"
timed pure pure_ring
timed fake run_ring "$work" fake "$limit" "${long[@]}"
timed wire run_ring "$work" wire "$limit" "${long[@]}"
timed live live_ring
count_skips "$work" "$LOADLINE_SKIPPED_LOG"
if [ "$full" = yes ]; then long_parts; fi
verdict
