#!/usr/bin/env bash
# Draws what `loadline weigh` prints of the images of the five apps, single-stage and multi-stage, for the gallery.
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
usage: scripts/weighing-pictures.sh [--columns N] [--out DIR]

Builds the variants `single` and `multi` of every scenario in a private engine and draws what `loadline weigh` prints of each on a
terminal of N columns (100), as DIR/weigh-SCENARIO-VARIANT.svg, and the beginning of one as DIR/weigh.svg; DIR is docs/images by default. The engine and all images are gone
afterwards. Needs root, and the Docker Engine's programs.
TEXT
}

columns=100
# The picture for the front page is of this one.
first=go-api/single
out=$root/docs/images
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --columns) columns=${2:?} && shift 2 ;;
    --out) out=$(realpath -m "${2:?}") && shift 2 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

is_root || die 2 "a private engine needs root; run this script as root"
target=${CARGO_TARGET_DIR:-$root/target}
programs=${PICTURES_PROGRAMS:-$target/release}
work=$(mktemp -d /var/tmp/loadline-pictures.XXXXXX)

leave() {
  stop_engine
  rm -rf "$work"
}
trap leave EXIT

build() {
  [ -z "${PICTURES_PROGRAMS-}" ] || return 0
  need_rust
  say "building loadline"
  (cd "$root" && as_owner cargo build --release --locked --quiet --bin loadline --example engine)
}

# Every scenario has both variants.
list_variants() {
  local scenario
  variants=()
  for scenario in "$root"/scenarios/*/; do
    scenario=$(basename "$scenario")
    variants+=("$scenario/single" "$scenario/multi")
  done
}

# PICTURES_HOST names an engine that has the images already.
find_engine() {
  if [ -n "${PICTURES_HOST-}" ]; then
    export DOCKER_HOST=$PICTURES_HOST
    return
  fi
  install_missing dockerd=docker.io
  mkdir "$work/engine"
  # It looks for the scenarios below the folder that it runs in.
  start_private_engine "$work/engine" env --chdir="$root" "$programs/examples/engine" --build "${variants[@]}"
}

# base_of DOCKERFILE: what the last stage is built from, where that is an image.
base_of() {
  sed -n 's/^FROM \([^ ]*\).*/\1/p' "$1" | tail -n 1 | grep -v '^scratch$' || true
}

# draw SCENARIO VARIANT
draw() {
  local scenario=$1 variant=$2 file base arguments
  file=scenarios/$scenario/$variant.Dockerfile
  base=$(base_of "$root/$file")
  arguments=(weigh "$scenario:$variant" --file "$file" ${base:+--base "$base"})
  (cd "$root" && CLICOLOR_FORCE=1 COLUMNS=$columns "$programs/loadline" "${arguments[@]}") |
    named_as_usual >"$work/printed"
  picture "$out/weigh-$scenario-$variant.svg"
  if [ "$scenario/$variant" = "$first" ]; then picture "$out/weigh.svg" --until 'Biggest folders'; fi
}

# The private engine's address becomes the usual one, and the host of a package mirror, of which apt names its lists, none in particular.
named_as_usual() {
  sed -E -e 's|(from engine) unix://[^ ,]*|\1 unix:///var/run/docker.sock|' -e 's|(/apt/lists/)[a-z0-9-]+(\.[a-z0-9-]+)+_|\1mirror.example_|'
}

# picture PATH OPTION… of what was printed.
picture() {
  local path=$1
  shift
  python3 "$root/scripts/lib/terminal-picture.py" --command "loadline ${arguments[*]}" --columns "$columns" \
    --alt "loadline weigh of $scenario:$variant on a terminal" "$@" <"$work/printed" >"$work/picture.svg"
  install -m 644 "$work/picture.svg" "$path"
}

install_missing python3=python3
build
list_variants
find_engine
mkdir -p "$out"
for variant in "${variants[@]}"; do
  say "weighing $variant"
  draw "${variant%/*}" "${variant#*/}"
done
chown -R "$(owner)" "$out"
say "written to $out"
