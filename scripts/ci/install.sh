#!/usr/bin/env bash
# Builds loadline from the checkout that this script is in, with the versions of its lock file, and nothing else from outside.
#
# LOADLINE        a program to use in place of that; nothing is built
# LOADLINE_ROOT   where the program is put: LOADLINE_ROOT/bin/loadline
# Sets the output `loadline` and prints the program's path.
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

if [ -z "${LOADLINE-}" ]; then
  need LOADLINE_ROOT
  have cargo || die 2 "building loadline needs cargo; install Rust, or name a program in LOADLINE"
  cargo install --locked --quiet --path "$root" --root "$LOADLINE_ROOT" >&2
  LOADLINE=$LOADLINE_ROOT/bin/loadline
fi
have "$LOADLINE" || die 2 "there is no program $LOADLINE; leave LOADLINE empty to have it built"
# Later scripts run it from other folders, and with another PATH by sudo.
LOADLINE=$(realpath -- "$(type -P -- "$LOADLINE")")
version=$("$LOADLINE" --version) || die 2 "the program $LOADLINE does not run here, for the reason above; leave LOADLINE empty to have it built"
say "$version"
output loadline "$LOADLINE"
printf '%s\n' "$LOADLINE"
