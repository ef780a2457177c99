#!/usr/bin/env bash
# Measures scenarios, and before them those of a baseline on the same machine; then holds the run to its budgets.
#
# OUT              folder for everything that is made: baseline/, run/, and the files of check.sh
# ROOT             checkout of what is measured; the working directory when empty
# SCENARIOS        folders of scenarios or of one scenario, from ROOT, one a line; `scenarios` when empty. Neither they nor links to
#                  scenarios in them may lead out of ROOT, or of BASELINE_ROOT
# BASELINE_ROOT    checkout of what it is compared with; its budgets count in place of those of ROOT
# BASELINE_COMMIT  the whole hash of a commit that is checked out for that, where BASELINE_ROOT is empty; fetched from REMOTE where the
#                  clone is too shallow; zeros alone, as forges write for none, are as good as empty
# REMOTE           where that commit is; origin when empty
# BASELINE         a run's folder to compare with, where both are empty
# HISTORY_BRANCH   the branch whose last run is the baseline, where all of these are empty
# RUN_ARGS         further arguments of `loadline run`, one a line; no loadline.toml gives any
# CHECK            no: do not hold the run to budgets (a shard, which is merged first)
# BUDGETS, FAIL    as for check.sh
# Ends with the code of check.sh, or of the run where that was cut short; with 3 where check.sh is content and the run lacks a variant.
# FAIL=false lets only these two verdicts pass: a run that was cut short has none.
# A run is called DATE-COMMIT, where ROOT is a clone; its folder is OUT/run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=scripts/ci/common.sh
. "$here/common.sh"

# measured NAME CHECKOUT WHAT… runs loadline as root where it may, and leaves the record in OUT/NAME. What a build prints is no command to
# GitHub's runner.
measured() {
  local name=$1 checkout=$2 code=0 token out
  shift 2
  out=$OUT/$(run_id "$checkout" "$name")
  if [ -e "$OUT/$name" ]; then die 2 "$OUT/$name is there already; remove it, or name another folder in OUT"; fi
  if [ -e "$out" ]; then die 2 "$out is there already, of a run that was cut short; remove it, or name another folder in OUT"; fi
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  if on_github; then printf '::stop-commands::%s\n' "$token"; fi
  (cd "$checkout" && as_user_or_root "$program" run --no-config "${run_args[@]}" --out "$out" -- "$@") || code=$?
  if on_github; then printf '::%s::\n' "$token"; fi
  placed "$out" "$OUT/$name"
  case $code in
    0 | 3) measured_code=$code ;;
    *) die "$code" "$(failed "$name" "$code")" ;;
  esac
}

# run_id CHECKOUT NAME: a run is called as its folder is when it begins, and histories have runs of many days.
run_id() {
  local commit
  if commit=$(git -C "$1" rev-parse --verify --quiet --short=8 'HEAD^{commit}' 2>/dev/null); then
    printf '%s-%s' "$(date -u +%F)" "$commit"
  else
    printf '%s' "$2"
  fi
}

# placed FROM TO puts the record where later steps look for it, also one that was cut short. It keeps its name inside.
placed() {
  if [ "$1" = "$2" ] || [ ! -e "$1" ]; then return 0; fi
  mv -- "$1" "$2"
  say "the record is in $2"
}

# failed NAME CODE: whose mistake it is decides who mends it.
failed() {
  local what='the run'
  if [ "$1" = baseline ]; then what="the baseline's run, of the state to compare with and not of the change,"; fi
  printf '%s ended with %s, for the reason above' "$what" "$2"
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

# inside CHECKOUT VARIABLE refuses scenarios that are not the checkout's own, by their paths or by links: a change that puts a link to the
# baseline in the place of its scenarios would have that compared with itself.
inside() {
  local path entry
  for path in "${scenarios[@]}"; do
    own "$1" "$2" "$path"
    # Links below one scenario are the app's.
    if is_scenario "$1/$path"; then continue; fi
    for entry in "$1/$path"/*/; do
      if [ -L "${entry%/}" ]; then own "$1" "$2" "$path/$(basename "$entry")"; fi
    done
  done
}

# is_scenario FOLDER: whether it is one itself, as loadline sees it, and no folder of them.
is_scenario() { [ -e "$1/scenario.toml" ] || compgen -G "$1/*Dockerfile*" >/dev/null; }

# own CHECKOUT VARIABLE PATH ends the script where the path leads out of the checkout, or into the baseline's within it.
own() {
  local real
  real=$(cd "$1" && realpath -m -- "$3")
  if [[ $real/ != "${1%/}"/* ]] || [[ $2 = ROOT && -n ${BASELINE_ROOT-} && $BASELINE_ROOT = "${1%/}"/?* && $real/ = "$BASELINE_ROOT"/* ]]; then
    die 2 "$3 leads to $real, which is no part of the checkout $1; SCENARIOS names folders of $2, and links there stay in it"
  fi
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
# By its whole path: it is started from other folders, and by sudo, which has a path of its own.
program=$(type -P -- "${LOADLINE:-loadline}") || die 2 "there is no program ${LOADLINE:-loadline}; name it in LOADLINE"
program=$(realpath -- "$program")
export LOADLINE=$program
if [ -n "${BASELINE_ROOT-}" ]; then folder BASELINE_ROOT; fi
inside "$ROOT" ROOT
if [[ -z ${BASELINE_ROOT-} && ${BASELINE_COMMIT-} =~ [^0] ]]; then checked_out; fi
if [ -n "${BASELINE_ROOT-}" ]; then
  folder BASELINE_ROOT
  inside "$BASELINE_ROOT" BASELINE_ROOT
  existing "$BASELINE_ROOT"
  if [ "${#there[@]}" -gt 0 ]; then
    measured baseline "$BASELINE_ROOT" "${there[@]}"
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
measured run "$ROOT" "${scenarios[@]}"
output complete "$([ "$measured_code" -eq 0 ] && printf true || printf false)"
output run-folder "$OUT/run"
if [ "${CHECK-}" = no ]; then exit 0; fi
export OUT CHECK_ROOT FIRST BASELINE=${BASELINE-} BUDGETS=${BUDGETS-}
code=0
RUN=$OUT/run "$here/check.sh" || code=$?
concluded "$OUT/run" "$measured_code" "$code"
