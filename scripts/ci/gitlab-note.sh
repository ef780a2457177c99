#!/usr/bin/env bash
# Writes a note on a merge request of GitLab, or renews the one that is there.
#
# FOLDER                 holds `comment.md`
# GITLAB_TOKEN           a project access token with the scope `api`
# CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID   set by GitLab
set -euo pipefail
# shellcheck source=scripts/ci/common.sh
. "$(dirname "$0")/common.sh"

# api METHOD PATH… asks GitLab. The token goes by a file descriptor, since arguments can be seen by others on the machine.
api() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail --request "$method" --header @<(printf 'PRIVATE-TOKEN: %s\n' "$GITLAB_TOKEN") "$@" "$notes$path"
}

need FOLDER GITLAB_TOKEN CI_API_V4_URL CI_PROJECT_ID CI_MERGE_REQUEST_IID
[[ $CI_PROJECT_ID =~ ^[0-9]+$ && $CI_MERGE_REQUEST_IID =~ ^[0-9]+$ ]] || die 2 "CI_PROJECT_ID and CI_MERGE_REQUEST_IID are numbers"
notes=$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
file=$FOLDER/comment.md
[ -f "$file" ] || die 2 "there is no file $file"
[ "$(head -n 1 "$file")" = "$marker" ] || die 2 "$file does not begin with $marker"
found=$(api GET '?per_page=100' | jq -r --arg marker "$marker" '[.[] | select(.system | not) | select(.body | startswith($marker)) | .id] | first // empty')
[[ $found =~ ^[0-9]*$ ]] || die 70 "GitLab's answer has no number of a note"
if [ -n "$found" ]; then method=PUT path=/$found; else method=POST path=; fi
jq -Rs '{body: .}' "$file" | api "$method" "$path" --header 'Content-Type: application/json' --data-binary @- >/dev/null
say "merge request $CI_MERGE_REQUEST_IID has its note"
