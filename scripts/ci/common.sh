# shellcheck shell=bash
# What the scripts for CI share. Sourced, never run. They take everything from environment variables, so that no value of a workflow
# is ever part of a command; each script names its own.

# shellcheck source=scripts/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

# The first line of every comment and issue of loadline.
# shellcheck disable=SC2034 # used by the scripts that source this
marker='<!-- loadline -->'

# need NAME… ends the script where one of these variables is empty.
need() {
  local name
  for name in "$@"; do
    [ -n "${!name-}" ] || die 2 "the variable $name is empty; set it"
  done
}

# The program that the job built or brought along.
loadline() { command "${LOADLINE:-loadline}" "$@"; }

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
