#!/usr/bin/env bash
# Measures scenarios, and before them those of a baseline on the same machine; then holds the run to its budgets.
#
# OUT              folder for everything that is made: baseline/, run/, and the files of check.sh
# ROOT             checkout of what is measured; the working directory when empty
# SCENARIOS        folders of scenarios or of one scenario, from ROOT, one a line; `scenarios` when empty
# BASELINE_ROOT    checkout of what it is compared with; its budgets count in place of those of ROOT
# BASELINE_COMMIT  the whole hash of a commit that is checked out for that, where BASELINE_ROOT is empty; fetched from REMOTE where the
#                  clone is too shallow; zeros alone, as forges write for none, are as good as empty
# REMOTE           where that commit is; origin when empty
# BASELINE         a run's folder to compare with, where both are empty
# HISTORY_BRANCH   the branch whose last run is the baseline, where all of these are empty
# RUN_ARGS         further arguments of `loadline run`, one a line; no loadline.toml gives any
# CHECK            no: do not hold the run to budgets (a shard, which is merged first)
# BUDGETS, FAIL    as for check.sh
# Ends with the code of check.sh, or of the run where that was cut short.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=scripts/ci/common.sh
. "$here/common.sh"

# measured FOLDER CHECKOUT WHAT… runs loadline as root where it may. What a build prints is no command to GitHub's runner.
measured() {
  local out=$1 checkout=$2 code=0 token
  shift 2
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  if on_github; then printf '::stop-commands::%s\n' "$token"; fi
  (cd "$checkout" && as_user_or_root "${LOADLINE:-loadline}" run --no-config "${run_args[@]}" --out "$out" -- "$@") || code=$?
  if on_github; then printf '::%s::\n' "$token"; fi
  case $code in
    0 | 3) measured_code=$code ;;
    *) die "$code" "the run ended with $code, for the reason above" ;;
  esac
}

# The private engine needs root; what root writes is handed back.
as_user_or_root() {
  if is_root || ! sudo -n true 2>/dev/null; then
    "$@"
    return
  fi
  local code=0
  as_root_with_settings "$@" || code=$?
  as_root chown -R "$(id -u):$(id -g)" "$OUT"
  return "$code"
}

# existing FOLDER sets `there` to the scenarios that are there from FOLDER; a baseline may lack what is new.
existing() {
  there=()
  local path
  for path in "${scenarios[@]}"; do
    if [ -e "$1/$path" ]; then there+=("$path"); else say "the baseline has no $path"; fi
  done
}

# checked_out leaves BASELINE_COMMIT in a folder of its own, BASELINE_ROOT, which is gone with the script.
checked_out() {
  [[ $BASELINE_COMMIT =~ ^[0-9a-f]{40,64}$ ]] || die 2 "BASELINE_COMMIT is '$BASELINE_COMMIT', which is no whole hash of a commit"
  if ! git -C "$ROOT" cat-file -e "$BASELINE_COMMIT^{commit}" 2>/dev/null; then
    git -C "$ROOT" fetch --quiet --depth=1 "${REMOTE:-origin}" "$BASELINE_COMMIT" ||
      die 2 "the commit $BASELINE_COMMIT could not be fetched, for the reason above; fetch it before, or leave BASELINE_COMMIT empty"
  fi
  beside=$(mktemp -d)
  trap '{ rm -rf "$beside" && git -C "$ROOT" worktree prune --expire now; } || say "$beside is left there, for the reason above"' EXIT
  BASELINE_ROOT=$beside/baseline
  git -C "$ROOT" worktree add --quiet --detach "$BASELINE_ROOT" "$BASELINE_COMMIT" ||
    die 2 "the commit $BASELINE_COMMIT could not be checked out, for the reason above"
}

need OUT
mkdir -p "$OUT"
ROOT=${ROOT:-.}
folder OUT ROOT
words RUN_ARGS
run_args=("${words[@]}")
words SCENARIOS
scenarios=("${words[@]}")
if [ "${#scenarios[@]}" -eq 0 ]; then scenarios=(scenarios); fi
CHECK_ROOT=$ROOT FIRST=false
if [[ -z ${BASELINE_ROOT-} && ${BASELINE_COMMIT-} =~ [^0] ]]; then checked_out; fi
if [ -n "${BASELINE_ROOT-}" ]; then
  folder BASELINE_ROOT
  existing "$BASELINE_ROOT"
  if [ "${#there[@]}" -gt 0 ]; then
    measured "$OUT/baseline" "$BASELINE_ROOT" "${there[@]}"
    BASELINE=$OUT/baseline
    if [ -z "${BUDGETS-}" ]; then BUDGETS=$(printf '%s\n' "${there[@]}"); fi
    CHECK_ROOT=$BASELINE_ROOT
  else
    BASELINE='' FIRST=true
  fi
elif [ -n "${BASELINE-}" ]; then
  folder BASELINE
elif [ -n "${HISTORY_BRANCH-}" ]; then
  BASELINE=$(OUT=$OUT/baseline "$here/history.sh" baseline)
  if [ -z "$BASELINE" ]; then FIRST=true; fi
fi
measured "$OUT/run" "$ROOT" "${scenarios[@]}"
output complete "$([ "$measured_code" -eq 0 ] && printf true || printf false)"
output run-folder "$OUT/run"
if [ "${CHECK-}" = no ]; then exit 0; fi
export OUT CHECK_ROOT FIRST BASELINE=${BASELINE-} BUDGETS=${BUDGETS-}
code=0
RUN=$OUT/run "$here/check.sh" || code=$?
exit "$code"
