#!/usr/bin/env bash
# Holds the licences and sources of all dependencies to deny.toml. Needs no advisory database, so it works without one.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

owner_has cargo-deny || as_owner cargo install --locked --quiet cargo-deny
cd "$root"
as_owner cargo deny --locked --all-features check licenses bans sources
