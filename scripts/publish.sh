#!/usr/bin/env bash
# Copies a run into results/published and lets loadline write everything that explains it: report, charts, README.
# docs/publishing.md is the page about it. Exit codes are those of docs/exit-codes.md.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

usage() {
  cat <<'TEXT'
usage: scripts/publish.sh RUN_DIR NAME

RUN_DIR is the folder of a complete run, NAME its name among the published ones: YYYY-MM-DD and words, such as
2026-11-21-five-apps. LOADLINE names the program (target/release or target/debug when not given), LOADLINE_PUBLISHED the
folder that takes the run (results/published when not given).
TEXT
}

# copy FROM TO: the record alone; logs stay where they are, and everything else is made from the record.
copy() {
  local file
  mkdir -p "$2"
  for file in run.json trials.jsonl; do
    cp -- "$1/$file" "$2/$file"
  done
}

# near PROGRAM TO: how near the stand-ins of this machine come to the published images, where the run used any.
near() {
  grep -q '"base_set": "stand-in"' "$2/run.json" || return 0
  {
    printf '# Stand-ins beside the published images\n\nAs of %s, on the machine of the publication: the output of the command bases list.\n\n' "$(date -u +%F)"
    "$1" bases list
  } >"$2/bases.md"
}

# explain PROGRAM TO: report, charts and README.
explain() {
  "$1" report "$2" >/dev/null
  "$1" report "$2" --format readme >"$2/README.md.new"
  mv -- "$2/README.md.new" "$2/README.md"
}

case ${1-} in
  -h | --help)
    usage
    exit 0
    ;;
esac
[ $# -eq 2 ] || { usage >&2; exit 2; }
run=$1 name=$2
[[ $name =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z0-9]+)+$ ]] || die 2 "$name is no name for a published run; take YYYY-MM-DD and words, such as 2026-11-21-five-apps"
loadline=$(program)
to=${LOADLINE_PUBLISHED:-$root/results/published}/$name
# Says why the run may not be published, where it may not.
"$loadline" report "$run" --format readme >/dev/null
if ! [ "$run" -ef "$to" ]; then
  [ ! -e "$to" ] || die 2 "$to is there already; published runs are not replaced, take another name"
  trap 'code=$?; [ "$code" -eq 0 ] || rm -rf -- "$to"' EXIT
  copy "$run" "$to"
fi
near "$loadline" "$to"
explain "$loadline" "$to"
say "published: $to"
say "next: LOADLINE_BLESS=1 cargo test --test it pure::published   # lets the README quote it, if it covers the most scenarios"
