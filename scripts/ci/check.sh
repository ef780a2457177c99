#!/usr/bin/env bash
# Holds a run to its budgets and writes what CI systems read: annotations in the log, summary and outputs of the step, and files. Where
# there are no annotations, the log has a line for each limit.
#
# RUN        the run's folder
# OUT        folder for the files: junit.xml, code-quality.json, metrics.txt, smaller-is-better.json, bmf.json, comment.md, number
# BASELINE   a run's folder to compare with
# BUDGETS    files or folders whose budgets count in place of those of the run, one a line
# CHECK_ROOT where BUDGETS are from, so that findings name files as the repository does; the working directory when empty
# FAIL       false: end with 0 whatever the verdict
# NUMBER     the pull request that comment.md is for; written to OUT/number
# FIRST      true: there can be no earlier run yet, so that a run which nothing can be held to ends with 0, and with that said
# Ends with the code of `loadline check`: 1 where a limit is exceeded, 3 where one could not be checked.
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

# judged FORMAT leaves what is printed in that format in `text`, what is said beside it in `said`, and the code in `code`.
judged() {
  code=0
  (cd "${CHECK_ROOT:-.}" && loadline check "$RUN" "${against[@]}" --format "$1") >"$text" 2>"$said" || code=$?
}

# came_about: whether there is a verdict. Its codes are no failure of this; 2 and 5 are verdicts where something was printed: no limit
# could be judged.
came_about() {
  case $code in
    0 | 1 | 3) return 0 ;;
    2 | 5) [ -s "$text" ] ;;
    *) return 1 ;;
  esac
}

# evaluated FORMAT prints the run in that format. What is said beside it is the same for all of them: it is shown once at the end, and here
# where there is no verdict. Sets `nothing` where there is nothing to hold the run to.
evaluated() {
  judged "$1"
  cat "$text"
  if came_about; then
    verdict_code=$code
    return
  fi
  told
  # A format may have no words for a verdict that is known by the others.
  if [[ -n $verdict_code && $code =~ ^[25]$ ]]; then return; fi
  if [ "$code" = 2 ] && [ "${#against[@]}" -eq 0 ]; then
    nothing=true
    return
  fi
  die "$code" "the run could not be held to its budgets, for the reason above"
}

# told shows what was said beside the last format.
told() {
  cat "$said" >&2
  : >"$said"
}

# The first run of an app without budgets has nothing that it could be held to. Each file says so in its own format.
nothing_to_check() {
  local why='the run has no budgets, and there is no earlier run to compare with'
  local cure='add [budgets.NAME] to a scenario.toml'
  printf '%s\n' "$marker" '## loadline: nothing was checked' '' "Nothing was held to a limit: $why. To change that, $cure." >"$OUT/comment.md"
  printf '%s\n' '<?xml version="1.0" encoding="UTF-8"?>' '<testsuites name="loadline" tests="1" failures="0" errors="0">' \
    '<testsuite name="loadline" tests="1" failures="0" errors="0" skipped="1"><testcase classname="loadline" name="budgets">' \
    "<skipped message=\"$why; $cure\"/></testcase></testsuite></testsuites>" >"$OUT/junit.xml"
  printf '[]\n' | tee "$OUT/code-quality.json" >"$OUT/smaller-is-better.json"
  printf '# EOF\n' >"$OUT/metrics.txt"
  printf '{}\n' >"$OUT/bmf.json"
  if on_github; then
    printf '::warning::%s\n' "loadline checked nothing: $why; $cure"
    cat "$OUT/comment.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  fi
  output verdict nothing-checked
  output headline 'nothing was checked'
  output failed 0
  finish 2
}

# finish CODE ends the script with it where nothing says that it should not fail.
finish() {
  output folder "$OUT"
  output comment "$OUT/comment.md"
  say "$(sed -n '/^## /{s///p;q}' "$OUT/comment.md")"
  if [ "${FAIL-}" = false ] || { [ "$1" = 2 ] && [ "${FIRST-}" = true ]; }; then exit 0; fi
  exit "$1"
}

need RUN OUT
mkdir -p "$OUT"
if [ -n "${CHECK_ROOT-}" ]; then folder CHECK_ROOT; fi
folder RUN
against=() verdict_code='' nothing=''
if [ -n "${BASELINE-}" ]; then
  folder BASELINE
  against+=(--baseline "$BASELINE")
fi
words BUDGETS
for path in "${words[@]}"; do against+=(--budgets "$path"); done
# Before anything that can end the script: whoever comments needs it whatever came of the run.
if [[ ${NUMBER-} =~ ^[0-9]+$ ]]; then printf '%s\n' "$NUMBER" >"$OUT/number"; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
text=$work/text said=$work/said
evaluated junit >"$OUT/junit.xml"
if [ -n "$nothing" ]; then nothing_to_check; fi
evaluated gitlab-codequality >"$OUT/code-quality.json"
evaluated openmetrics >"$OUT/metrics.txt"
evaluated custom-smaller-is-better >"$OUT/smaller-is-better.json"
evaluated bmf >"$OUT/bmf.json"
evaluated comment >"$OUT/comment.md"
if on_github; then
  evaluated github
  evaluated github-summary >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  evaluated github-outputs >>"${GITHUB_OUTPUT:-/dev/null}"
else
  # Nobody but the log says there what is exceeded.
  evaluated text
fi
told
finish "$verdict_code"
