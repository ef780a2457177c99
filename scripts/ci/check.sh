#!/usr/bin/env bash
# Holds a run to its budgets and writes what CI systems read: annotations in the log, summary and outputs of the step, and files.
#
# RUN        the run's folder
# OUT        folder for the files: junit.xml, code-quality.json, metrics.txt, smaller-is-better.json, bmf.json, comment.md, number
# BASELINE   a run's folder to compare with
# BUDGETS    files or folders whose budgets count in place of those of the run, one a line
# CHECK_ROOT where BUDGETS are from, so that findings name files as the repository does; the working directory when empty
# FAIL       false: end with 0 whatever the verdict
# NUMBER     the pull request that comment.md is for; written to OUT/number
# Ends with the code of `loadline check`: 1 where a limit is exceeded, 3 where one could not be checked.
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

# evaluated FORMAT prints the run in that format. The codes of verdicts are no failure of this; 2 and 5 are verdicts where something was
# printed: no limit could be judged.
evaluated() {
  local code=0 text
  text=$(mktemp)
  (cd "${CHECK_ROOT:-.}" && loadline check "$RUN" "${against[@]}" --format "$1") >"$text" || code=$?
  case $code in
    0 | 1 | 3) verdict_code=$code ;;
    2 | 5) if [ -s "$text" ]; then verdict_code=$code; fi ;;
  esac
  cat "$text"
  rm -f "$text"
  if [ -z "$verdict_code" ]; then
    if [ "$code" = 2 ] && [ "${#against[@]}" -eq 0 ]; then nothing_to_check; fi
    die "$code" "the run could not be held to its budgets, for the reason above"
  fi
}

# The first run of an app without budgets has nothing that it could be held to.
nothing_to_check() {
  printf '%s\n' "$marker" '## loadline: nothing was checked' '' 'The run has no budgets, and there is no earlier run.' >"$OUT/comment.md"
  output verdict nothing-checked
  output failed 0
  output folder "$OUT"
  output comment "$OUT/comment.md"
  if [ "${FAIL-}" = false ]; then exit 0; fi
  exit 2
}

need RUN OUT
mkdir -p "$OUT"
RUN=$(cd "$RUN" && pwd -P)
against=() verdict_code=
if [ -n "${BASELINE-}" ]; then against+=(--baseline "$(cd "$BASELINE" && pwd -P)"); fi
words BUDGETS
for path in "${words[@]}"; do against+=(--budgets "$path"); done

evaluated junit >"$OUT/junit.xml"
evaluated gitlab-codequality >"$OUT/code-quality.json"
evaluated openmetrics >"$OUT/metrics.txt"
evaluated custom-smaller-is-better >"$OUT/smaller-is-better.json"
evaluated bmf >"$OUT/bmf.json"
evaluated comment >"$OUT/comment.md"
if [[ ${NUMBER-} =~ ^[0-9]+$ ]]; then printf '%s\n' "$NUMBER" >"$OUT/number"; fi
if on_github; then
  evaluated github
  evaluated github-summary >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  evaluated github-outputs >>"${GITHUB_OUTPUT:-/dev/null}"
fi
output folder "$OUT"
output comment "$OUT/comment.md"
say "$(sed -n '/^## /{s///p;q}' "$OUT/comment.md")"
if [ "${FAIL-}" = false ]; then exit 0; fi
exit "$verdict_code"
