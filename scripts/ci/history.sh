#!/usr/bin/env bash
# Keeps the history of runs on a branch of its own: history.jsonl, the report of the last run, what changed over time, and the record
# that the next run is compared with.
#
# usage: scripts/ci/history.sh baseline   puts that record into OUT and prints the folder; prints nothing where there is none
#        scripts/ci/history.sh append     adds the run and pushes the branch
#
# HISTORY_BRANCH   its name
# OUT              (baseline) folder for the record
# RUN              (append) the run's folder
# VERDICT          (append) the run, also the first one, becomes the next baseline unless this is `fail`: a growth is told until it is
#                  gone or allowed
# FAILED           (append) and how many limits it is above, which is no less true where another could not be checked: 0, or the same
# COMPLETE         (append) and only where this is `true`
# REMOTE           where the branch is; origin when empty
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

remote=${REMOTE:-origin}

# fetched leaves the branch's last commit in `tip`, empty where there is no such branch.
fetched() {
  tip=
  local there
  there=$(git ls-remote --heads "$remote" "refs/heads/$HISTORY_BRANCH")
  if [ -n "$there" ]; then
    git fetch --quiet --depth=1 "$remote" "refs/heads/$HISTORY_BRANCH"
    tip=$(git rev-parse FETCH_HEAD)
  fi
}

baseline() {
  need OUT
  fetched
  if [ -z "$tip" ] || ! git cat-file -e "$tip:last/run.json" 2>/dev/null; then
    say "$HISTORY_BRANCH has no run to compare with"
    return 0
  fi
  mkdir -p "$OUT"
  git archive "$tip" last | tar -x --strip-components=1 -C "$OUT"
  printf '%s\n' "$OUT"
}

# worktree FOLDER: the branch in a folder of its own; one that is new begins with nothing.
worktree() {
  fetched
  if [ -z "$tip" ]; then tip=$(as_loadline commit-tree -m 'Begin the history' "$(git mktree </dev/null)"); fi
  git worktree add --quiet --detach "$1" "$tip"
}

as_loadline() { git -c user.name=loadline -c user.email=loadline@localhost "$@"; }

# filled FOLDER: history, report and baseline as they are after this run.
filled() {
  loadline history add "$1/history.jsonl" "$RUN"
  loadline trend "$1/history.jsonl" --format markdown >"$1/README.md"
  rm -rf "$1/report"
  mkdir -p "$1/report"
  find "$RUN" -maxdepth 1 -type f \( -name '*.md' -o -name '*.svg' -o -name '*.csv' -o -name 'report.json' \) -exec cp -t "$1/report" {} +
  if [ -d "$RUN/timelines" ]; then cp -r "$RUN/timelines" "$1/report/"; fi
  # The first run, too: a history that began with what is wrong would hold nothing against it.
  if [ "${COMPLETE-}" = true ] && [ "${VERDICT-}" != fail ] && [ "${FAILED:-0}" = 0 ]; then
    mkdir -p "$1/last"
    cp "$RUN/run.json" "$RUN/trials.jsonl" "$1/last/"
  fi
}

# pushed FOLDER: whether the branch took it; not where another run was faster.
pushed() {
  git -C "$1" add --all &&
    as_loadline -C "$1" commit --quiet --allow-empty --message "Add $(basename "$RUN")" &&
    git push --quiet "$remote" "$(git -C "$1" rev-parse HEAD):refs/heads/$HISTORY_BRANCH"
}

append() {
  need RUN
  [ -f "$RUN/run.json" ] || die 5 "$RUN holds no record"
  RUN=$(cd "$RUN" && pwd -P)
  local work try
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # as it is now
  trap "rm -rf '$work'; git worktree prune --expire now" EXIT
  for try in 1 2 3; do
    worktree "$work/$try"
    filled "$work/$try"
    if pushed "$work/$try"; then
      say "$HISTORY_BRANCH has this run"
      return 0
    fi
    say "another run was faster, trying again"
  done
  die 2 "$HISTORY_BRANCH could not be pushed to $remote, for the reason above"
}

need HISTORY_BRANCH
git check-ref-format --branch "$HISTORY_BRANCH" >/dev/null || die 2 "'$HISTORY_BRANCH' is no name of a branch"
case ${1-} in
  baseline) baseline ;;
  append) append ;;
  *) die 2 "say \`$0 baseline\` or \`$0 append\`" ;;
esac
