#!/usr/bin/env bash
# Writes a pull request's comment, or renews the one that is there.
#
# FOLDER              holds `number` and `comment.md`, from a job that ran what a stranger wrote: both are taken for hostile
# HEAD_SHA            the commit that the job was started for, by GitHub's word
# GITHUB_REPOSITORY   OWNER/NAME
# GH_TOKEN            may write pull requests
# The number must be digits, and the pull request of that number must have HEAD_SHA as its head: a stranger's job can speak on the
# stranger's own pull request only. The text goes from file to request; nothing of it is ever part of a command.
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

most=65535

# A link could lead to any file of the machine.
is_file() { [ -f "$1" ] && [ ! -L "$1" ]; }

# pull_request prints the number after checking it.
pull_request() {
  local number head
  is_file "$FOLDER/number" || die 2 "there is no file $FOLDER/number: nothing was measured for a pull request; see why in the log of the job that measures"
  number=$(head -c 20 "$FOLDER/number")
  [[ $number =~ ^[1-9][0-9]{0,9}$ ]] || die 2 "$FOLDER/number holds no number of a pull request"
  head=$(gh api "repos/$GITHUB_REPOSITORY/pulls/$number" --jq .head.sha)
  [ "$head" = "$HEAD_SHA" ] || die 2 "the head of pull request $number is not what was measured; a newer commit will be measured anew"
  printf '%s' "$number"
}

# body prints the request's body, without characters that act on terminals and with nobody called by name.
body() {
  local file=$FOLDER/comment.md
  is_file "$file" || die 2 "there is no file $file: there was no verdict; see why in the log of the job that measures"
  [ "$(stat -c %s "$file")" -le "$most" ] || die 2 "$file has more than $most bytes, which GitHub refuses"
  [ "$(head -n 1 "$file")" = "$marker" ] || die 2 "$file does not begin with $marker"
  tr -d '\000-\010\013-\037\177' <"$file" | jq -Rs '{body: gsub("@(?=[A-Za-z0-9])"; "@\u200b")}'
}

need FOLDER HEAD_SHA GITHUB_REPOSITORY GH_TOKEN
[[ $HEAD_SHA =~ ^[0-9a-f]{40,64}$ ]] || die 2 "HEAD_SHA is no commit"
number=$(pull_request)
request=$(body)
ours='.[] | select(.user.type == "Bot" and (.body | startswith("'$marker'"))) | .id'
found=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$number/comments?per_page=100" --jq "$ours" | head -n 1)
if [ -n "$found" ]; then
  [[ $found =~ ^[0-9]+$ ]] || die 70 "GitHub's answer has no number of a comment"
  printf '%s' "$request" | gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$found" --input - >/dev/null
  say "comment $found of pull request $number is renewed"
else
  printf '%s' "$request" | gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$number/comments" --input - >/dev/null
  say "pull request $number has a comment"
fi
