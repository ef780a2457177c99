#!/usr/bin/env bash
# From a fresh Debian or Ubuntu machine to the table: installs what is missing, builds loadline, measures the pairs of five
# languages. Arguments go to `loadline run --quick` instead of the pairs. The exit code is loadline's own (docs/exit-codes.md).
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/rust.sh
. "$root/scripts/lib/rust.sh"

usage() {
  cat <<'TEXT'
usage: scripts/demo.sh [OPTION of `loadline run` | SCENARIO]…

Installs what is missing (the Docker Engine's programs, mmdebstrap, a Rust tool chain) by the distribution's packages,
builds loadline and runs `loadline run --quick`: on the variants `single` and `multi` of all scenarios, or with the options
and scenarios named here. No system service is started, and the machine's own Docker Engine, if there is one, is not
touched. Needs root or sudo.
TEXT
}

install_tools() {
  install_missing dockerd='docker.io' containerd=containerd runc=runc mmdebstrap=mmdebstrap ip=iproute2 unshare=util-linux mount=mount \
    /etc/ssl/certs/ca-certificates.crt=ca-certificates /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring
}

build() {
  need_rust
  local quiet=()
  [ -t 2 ] || quiet=(--quiet)
  say "building loadline (several minutes the first time)"
  (cd "$root" && as_owner cargo build --release --locked "${quiet[@]}" --target-dir "$target")
}

# The run ends with the table and says where its report lies.
measure() {
  cd "$root"
  as_root_with_settings "$target/release/loadline" run --quick "$@"
}

case ${1-} in
  -h | --help)
    usage
    exit 0
    ;;
esac
[ "$(uname -s)" = Linux ] || die 2 "this script needs Linux; elsewhere use \`cargo run --release -- run --quick --engine host\`"
need_root "the private engine"
target=${CARGO_TARGET_DIR:-$root/target}
install_tools
build
[ $# -gt 0 ] || set -- --variant single --variant multi
measure "$@"
