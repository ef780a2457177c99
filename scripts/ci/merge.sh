#!/usr/bin/env bash
# Puts the records of shards together and holds the whole to its budgets.
#
# PARTS   folder whose subfolders hold a record each, as SUBFOLDER/run or as the subfolder itself
# OUT     folder for everything that is made: run/, and the files of check.sh
# BASELINE, BUDGETS, FAIL as for check.sh
# Ends with the code of check.sh; with 3 where that is content and the shards lack a variant.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=scripts/ci/common.sh
. "$here/common.sh"

need PARTS OUT
records=()
# shellcheck disable=SC2153 # the caller sets it
for part in "$PARTS"/*/; do
  part=${part%/}
  if [ -f "$part/run/run.json" ]; then records+=("$part/run"); elif [ -f "$part/run.json" ]; then records+=("$part"); fi
done
[ "${#records[@]}" -gt 0 ] || die 5 "no folder below $PARTS holds a record; did every shard hand one over?"
mkdir -p "$OUT"
code=0
# Its table has words of builds, which are no commands to GitHub's runner; they are in the report.
loadline merge "${records[@]}" --out "$OUT/run" >/dev/null || code=$?
case $code in
  0 | 3) ;;
  *) die "$code" "the shards could not be put together, for the reason above" ;;
esac
output complete "$([ "$code" -eq 0 ] && printf true || printf false)"
output run-folder "$OUT/run"
checked=0
RUN=$OUT/run "$here/check.sh" || checked=$?
concluded "$OUT/run" "$code" "$checked"
