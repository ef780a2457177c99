# shellcheck shell=bash
# Workflows held to what GitHub Actions takes, by actionlint. Sourced, never run; needs common.sh and packages.sh.

actionlint_version=v1.7.12

# need_actionlint leaves the program's path in `actionlint`: built once with Go, and kept.
need_actionlint() {
  local kept
  kept=${LOADLINE_CACHE_DIR:-${XDG_CACHE_HOME:-$(owner_home)/.cache}/loadline}/tools/actionlint-$actionlint_version
  actionlint=$kept/actionlint
  if [ -x "$actionlint" ]; then return 0; fi
  owner_has go || install_missing go=golang-go
  as_owner mkdir -p "$kept"
  as_owner env GOBIN="$kept" go install "github.com/rhysd/actionlint/cmd/actionlint@$actionlint_version" ||
    die 2 "actionlint $actionlint_version could not be built, for the reason above; it needs Go 1.25 or newer"
}

# lint_workflows: this repository's own, and those below ci/ with this checkout's action in the place of their users' one, so that its
# inputs and outputs are held to action.yml.
lint_workflows() {
  local work file
  need_actionlint
  "$actionlint" .github/workflows/*.yml
  work=$(mktemp -d)
  mkdir -p "$work/.github/workflows"
  cp action.yml "$work/"
  for file in ci/github/*.yml; do sed 's#OWNER/loadline@COMMIT#./#' "$file" >"$work/.github/workflows/${file##*/}"; done
  (cd "$work" && git init --quiet . && "$actionlint") || die 1 "a workflow below ci/github is not what actionlint takes, for the reason above"
  rm -rf "$work"
}
