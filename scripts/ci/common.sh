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
