# shellcheck shell=bash
# What the scripts for CI share. Sourced, never run. They take everything from environment variables, so that no value of a workflow
# is ever part of a command; each script names its own.

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

# The first line of every comment and issue of loadline.
# shellcheck disable=SC2034 # used by the scripts that source this
marker='<!-- loadline -->'

# 1 says that a limit is exceeded: a step of the script itself that ends with it must not look like that verdict.
set -E
trap '[ $? -ne 1 ] || die 2 "$0 could not be gone on with at line $LINENO, for the reason above"' ERR

# need NAME… ends the script where one of these variables is empty.
need() {
  local name
  for name in "$@"; do
    [ -n "${!name-}" ] || die 2 "the variable $name is empty; set it"
  done
}

# folder NAME… makes these variables whole paths, and ends the script where one names no folder.
folder() {
  local name
  for name in "$@"; do
    [ -d "${!name}" ] || die 2 "the variable $name is '${!name}', and there is no such folder from $PWD; correct it"
    printf -v "$name" '%s' "$(cd -- "${!name}" && pwd -P)"
  done
}

# The program that the job built or brought along. It takes no defaults from a file: a loadline.toml may be part of what is judged.
loadline() {
  local command=$1
  shift
  command "${LOADLINE:-loadline}" "$command" --no-config "$@"
}

# lacking RUN prints what the run has no whole figures of: `go-api/multi (build-failed), …`. Reasons are hostile text and may have lines
# that look like rows: names and known words alone are taken.
lacking() {
  local row='^[^,"]*,([A-Za-z0-9._-]+),([A-Za-z0-9._-]+),[a-z-]*,(build-failed|smoke-failed|invalid|skipped|timed-out|interrupted|not-run),.*$'
  if [ ! -f "$1/summary.csv" ]; then return 0; fi
  sed -nE "s#$row#\\1/\\2 (\\3)#p" "$1/summary.csv" | sort -u | sed -n 1,20p | paste -sd , - | sed 's/,/, /g'
}

# concluded RUN RUN_CODE CHECK_CODE ends the script with the code of the check. A limit that nobody set cannot say that a variant
# does not build any more: where the run ended with 3 and the check is content, the script ends with 3.
concluded() {
  local what
  if [ "$2" -ne 3 ] || [ "$3" -ne 0 ] || [ "${FAIL-}" = false ]; then exit "$3"; fi
  what=$(lacking "$1")
  if on_github; then printf '::error::%s\n' "loadline: the run lacks ${what:-something that was asked for}, although every limit that is asked about holds"; fi
  die 3 "the run lacks ${what:-something that was asked for, as its table says}: it is no pass, although no limit asks about that; mend it, or put --allow-skips in RUN_ARGS where skipped variants are meant"
}

on_github() { [ "${GITHUB_ACTIONS-}" = true ]; }

# output NAME VALUE sets an output of the step where there is one; VALUE has one line.
output() {
  [ -n "${GITHUB_OUTPUT-}" ] || return 0
  [[ $2 != *$'\n'* ]] || die 70 "the output $1 has several lines"
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# words NAME sets the array `words` to the lines of the variable NAME that are not empty, without blanks around them.
words() {
  local line
  words=()
  while IFS= read -r line; do
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    if [ -n "$line" ]; then words+=("$line"); fi
  done <<<"${!1-}"
}
