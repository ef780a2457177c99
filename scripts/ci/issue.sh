#!/usr/bin/env bash
# Keeps one issue for what the scheduled run found: opens it, renews it, and closes it once all is well again.
#
# VERDICT             the output of that name: pass, fail, incomplete or nothing-checked; `none` where the run ended before it had one
# COMPLETE            the output of that name; `false` takes `pass` for `incomplete`, since a variant is missing
# BODY                Markdown of the evaluation: comment.md; not read where the verdict is `none`
# GITHUB_REPOSITORY   OWNER/NAME
# GH_TOKEN            may write issues
# RUN_URL             where the run can be seen
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

label=loadline
# The page of the run comes behind the evaluation and needs room, too.
most=65000

# evaluation prints the text; a run that ended before its verdict has none.
evaluation() {
  if [ "$VERDICT" = none ]; then
    printf '%s\n## loadline: nothing could be measured\n\nThe run ended before it had a verdict. Its log says why.\n' "$marker"
    return
  fi
  head -c "$most" "$BODY"
  if [ "$lacks" = true ]; then printf '\n\nThe run lacks a variant that was asked for, and no limit asks about that. Its log says why.\n'; fi
}

# request STATE prints the issue's new text, title and state; without a title the issue keeps the one that it has.
request() {
  { evaluation && printf '\n\n%s\n' "${RUN_URL-}"; } |
    jq -Rs --arg title "$title" --arg state "$1" --arg tag "$label" '{title: $title, body: ., labels: [$tag], state: $state} | if $title == "" then del(.title) else . end'
}

need VERDICT GITHUB_REPOSITORY GH_TOKEN
if [ "$VERDICT" != none ]; then
  need BODY
  [ -f "$BODY" ] || die 2 "there is no file $BODY"
fi
ours='.[] | select(.pull_request == null and ((.body // "") | startswith("'$marker'"))) | .number'
found=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues?state=open&labels=$label&per_page=100" --jq "$ours" | head -n 1)
[[ $found =~ ^[0-9]*$ ]] || die 70 "GitHub's answer has no number of an issue"
lacks=false
if [ "$VERDICT" = pass ] && [ "${COMPLETE-}" = false ]; then VERDICT=incomplete lacks=true; fi
case $VERDICT in
  pass) wanted=closed title='' ;;
  fail) wanted=open title='Container images exceed their budgets' ;;
  incomplete) wanted=open title='Container images could not be held to all of their budgets' ;;
  nothing-checked) wanted=open title='Container images are held to no budget yet' ;;
  none) wanted=open title='Container images could not be measured' ;;
  *) die 2 "VERDICT is '$VERDICT' and none of pass, fail, incomplete, nothing-checked, none" ;;
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
