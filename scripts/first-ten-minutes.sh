#!/usr/bin/env bash
# Makes docs/first-ten-minutes.md anew: a project that is not ours, the commands of a new user, and what they print.
# The page goes to standard output, talk to standard error.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

usage() {
  cat <<'TEXT'
usage: scripts/first-ten-minutes.sh [LOADLINE] >docs/first-ten-minutes.md

Runs the program LOADLINE (target/release/loadline unless named, or CARGO_TARGET_DIR's) as a new user would, in
/tmp/first-project, which must not exist and is removed at the end. Takes as long as two runs and one more build.
TEXT
}

# The app: one file, no dependency, a health check that answers on an unusual port.
project() {
  mkdir "$folder"
  cat >"$folder/main.go" <<'TEXT'
package main

import (
	"fmt"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, `{"status": "ok", "tides": 2}`)
	})
	http.HandleFunc("/tides", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `["ebb", "flood"]`) })
	log.Fatal(http.ListenAndServe(":3000", nil))
}
TEXT
  printf 'module example.test/tides\n\ngo 1.23\n' >"$folder/go.mod"
  cat >"$folder/Dockerfile" <<'TEXT'
FROM golang:1.23 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /tides .

FROM scratch
COPY --from=build /tides /tides
EXPOSE 3000
ENTRYPOINT ["/tides"]
TEXT
}

# Engines repeat addresses of registries and resolvers, which are the machine's and no concern of the page.
without_addresses() { sed -E 's/ \(the engine says: [^)]*\)//; s#https?://[^ "]*#(address)#g; s/[[:space:]]+$//'; }

# shown COMMAND… runs one command in the project and prints it with its output, time and exit code.
shown() {
  local started=$SECONDS code=0
  say "\$ $*"
  printf '```console\n$ %s\n' "$*"
  "$program" "${@:2}" 2>&1 </dev/null | without_addresses | tee "$folder.log" || code=${PIPESTATUS[0]}
  printf '```\n\n'
  took=$((SECONDS - started))
  printf '%d s, exit %d.' "$took" "$code"
}

first_size() { sed -nE 's/^\[ *([0-9.]+) s\] .*: size so far .*/\1/p' "$folder.log" | head -n 1; }

page() {
  cat <<'TEXT'
# The first ten minutes

What a new user types in a project with a Dockerfile, and what loadline answers. Written by `scripts/first-ten-minutes.sh`: the
output is as it came, but for addresses of registries, which are left out.

The project is a folder with three files: `main.go`, a server that answers `/healthz` on port 3000, its `go.mod`, and this
`Dockerfile`.

```dockerfile
TEXT
  cat "$folder/Dockerfile"
  cat <<'TEXT'
```

## What can be measured here

`doctor` looks and changes nothing. It needs no rights; without root it says what root would add.

TEXT
  shown loadline doctor
  cat <<'TEXT'


## What does it weigh

Nothing of loadline's is in the folder yet. The numbers are there all the same, marked as unverified: nothing has proved that the
image works.

TEXT
  shown loadline run . --quick
  printf ' The first size came after %s s.\n' "$(first_size)"
  cat <<'TEXT'

## Does it work

`init` builds the image once, starts it, finds out how it answers, and writes that down.

TEXT
  shown loadline init
  cat <<'TEXT'
 The file:

```toml
TEXT
  cat "$folder/scenario.toml"
  cat <<'TEXT'
```

## The same, proven

TEXT
  shown loadline run . --quick
  cat <<'TEXT'


`loadline run .` without `--quick` takes five trials, so that the times have an interval. From here: other variants and requests in
[scenario-file.md](scenario-file.md), all commands in [commands.md](commands.md), which size is which in [sizes.md](sizes.md).
TEXT
}

case ${1-} in
  -h | --help)
    usage
    exit 0
    ;;
esac
folder=/tmp/first-project
program=${1:-${CARGO_TARGET_DIR:-$root/target}/release/loadline}
program=$(realpath -- "$program")
[ -x "$program" ] || die 2 "there is no program $program; build it with \`cargo build --release\`, or name one"
[ ! -e "$folder" ] || die 2 "$folder exists; remove it"
is_root || say "not root: the host's engine is measured, and what it cannot show is missing from the page"
trap 'rm -rf "$folder" "$folder.log"' EXIT
project
cd "$folder"
export COLUMNS=100
page
