#!/usr/bin/env bash
# Keeps one issue for what the scheduled run found: opens it, renews it, and closes it once all is well again.
#
# VERDICT             the output of that name: pass, fail, incomplete or nothing-checked
# BODY                Markdown of the evaluation: comment.md
# GITHUB_REPOSITORY   OWNER/NAME
# GH_TOKEN            may write issues
# RUN_URL             where the run can be seen
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

label=loadline
# The page of the run comes behind the evaluation and needs room, too.
most=65000

# request STATE prints the issue's new text, title and state; without a title the issue keeps the one that it has.
request() {
  { head -c "$most" "$BODY" && printf '\n\n%s\n' "${RUN_URL-}"; } |
    jq -Rs --arg title "$title" --arg state "$1" --arg tag "$label" '{title: $title, body: ., labels: [$tag], state: $state} | if $title == "" then del(.title) else . end'
}

need VERDICT BODY GITHUB_REPOSITORY GH_TOKEN
[ -f "$BODY" ] || die 2 "there is no file $BODY"
ours='.[] | select(.pull_request == null and ((.body // "") | startswith("'$marker'"))) | .number'
found=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues?state=open&labels=$label&per_page=100" --jq "$ours" | head -n 1)
[[ $found =~ ^[0-9]*$ ]] || die 70 "GitHub's answer has no number of an issue"
case $VERDICT in
  pass) wanted=closed title='' ;;
  fail) wanted=open title='Container images exceed their budgets' ;;
  incomplete) wanted=open title='Container images could not be held to all of their budgets' ;;
  nothing-checked) wanted=open title='Container images are held to no budget yet' ;;
  *) die 2 "VERDICT is '$VERDICT' and none of pass, fail, incomplete, nothing-checked" ;;
esac
if [ -n "$found" ]; then
  request "$wanted" | gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/$found" --input - >/dev/null
  say "issue $found is renewed and $wanted"
elif [ "$wanted" = open ]; then
  request open | jq 'del(.state)' | gh api --method POST "repos/$GITHUB_REPOSITORY/issues" --input - >/dev/null
  say "an issue is opened"
else
  say "all is well and there is no issue"
fi
