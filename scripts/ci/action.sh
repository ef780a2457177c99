#!/usr/bin/env bash
# What action.yml does, by COMMAND: measure, merge, comment, issue or history. Each has the variables of the script of its name.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=scripts/ci/common.sh
. "$here/common.sh"

case ${COMMAND-} in
  measure | merge | comment | issue) exec "$here/$COMMAND.sh" ;;
  history) exec "$here/history.sh" append ;;
  *) die 2 "the command is '${COMMAND-}'; say measure, merge, comment, issue or history" ;;
esac
