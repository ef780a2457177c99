#!/usr/bin/env bash
# Shows how much the time of the same build varies where an engine keeps its data in memory, on disk, and on a plain engine.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=scripts/lib/engine.sh
. "$root/scripts/lib/engine.sh"

usage() {
  cat <<'TEXT'
usage: scripts/noise-table.sh [--trials N] [--out DIR]

Builds an image FROM scratch whose one RUN step computes for about 3 s, N times (5) cold, without any network: on a private engine with
its data in memory, on one with its data on disk, and on a plain dockerd that is started for it. Writes DIR/README.md (the coefficient
of variation of the build times, with the verdict of loadline's own probe beside it), DIR/noise.csv and DIR/builds.csv (every build);
DIR is results/noise/<date> by default. LOADLINE names the program (target/release or target/debug when not given). Needs root, rustc,
dockerd, docker, ip and unshare. Nothing is left of the engines.
TEXT
}

trials=5
out=$root/results/noise/$(date +%F)
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --trials) trials=${2:?} && shift 2 ;;
    --out) out=$(realpath -m "${2:?}") && shift 2 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
is_root || die 2 "a private engine needs root; run this script with sudo"
for tool in rustc dockerd docker ip unshare; do
  have "$tool" || die 2 "there is no $tool here; install it and run this script again"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/loadline-noise.XXXXXX")

clean_up() {
  stop_engine
  rm -rf -- "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The app and its scenario: as many rounds as take about 3 s here when nothing else runs.
make_scenario() {
  local folder=$work/scenarios/steady began took
  mkdir -p "$folder"
  cp -- "$root/scripts/lib/steady.rs" "$work/steady.rs"
  rustc --edition 2021 -O -C target-feature=+crt-static -C panic=abort -C strip=symbols -o "$folder/app" "$work/steady.rs"
  began=$(date +%s%N)
  "$folder/app" 200000000 >/dev/null
  took=$((($(date +%s%N) - began) / 1000000))
  # A step of 10 million, so that it reads well.
  rounds=$((200000000 * 3000 / (took > 0 ? took : 1) / 10000000 * 10000000))
  printf 'FROM scratch\nCOPY app /app\nRUN ["/app", "%s"]\nCMD ["/app", "1"]\n' "$rounds" >"$folder/steady.Dockerfile"
  printf 'name = "steady"\nlanguage = "rust"\n[variants.steady]\n[smoke]\nskip = "it only computes"\n' >"$folder/scenario.toml"
}

# measure PLACE ARGUMENT…: one run, and its rows in both tables.
measure() {
  local place=$1 folder=$work/run-$places
  shift
  timed "$place" "$loadline" run steady --scenarios "$work/scenarios" --builds cold --trials "$trials" --out "$folder" "$@" >/dev/null
  row "$place" "$folder"
  places=$((places + 1))
}

# text NAME FILE: a field of the report's noise.
text() { sed -n "/^  \"noise\": {/,/^  }/s/^    \"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" "$2"; }

row() {
  local place=$1 folder=$2 verdict line
  verdict=$(text verdict "$folder/report.json")
  line=$(text line "$folder/report.json")
  awk -F, -v place="$place" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["measure"] == "build-time" && $at["phase"] == "" { printf "%s,%s,%s\n", place, $at["iteration"], $at["value"] }' \
    "$folder/observations.csv" | sort -t, -k2n >"$work/rows"
  [ "$(wc -l <"$work/rows")" -eq "$trials" ] || die 3 "$place has not $trials builds with a time; $folder says why"
  cat "$work/rows" >>"$out/builds.csv"
  # The coefficient of variation has n - 1 below the squares; the middle is the median.
  sort -t, -k3g "$work/rows" | awk -F, -v place="$place" -v verdict="$verdict" -v line="${line//\"/\'}" -v csv="$out/noise.csv" '
    { value[NR] = $3; sum += $3 }
    END {
      mean = sum / NR
      for (i = 1; i <= NR; i++) squares += (value[i] - mean) ^ 2
      cv = NR > 1 ? sqrt(squares / (NR - 1)) / mean : 0
      middle = NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2
      printf "%s,%d,%.4f,%.4f,%.4f,%.5f,%s,\"%s\"\n", place, NR, value[1], middle, value[NR], cv, verdict, line >>csv
      printf "| %s | %d | %.2f | %.2f | %.2f | %.1f %% | %s |\n", place, NR, value[1], middle, value[NR], cv * 100, line
    }' >>"$work/table"
}

page() {
  printf '# How much the time of the same build varies\n\n'
  printf 'One RUN step of %s rounds of arithmetic in a static program, built %s times cold on each engine, one place after the other, on %s (%s CPUs), %s.\n' \
    "$rounds" "$trials" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(date -u '+%F %H:%M UTC')"
  printf 'Load average at the start: %s.\n\n' "$load"
  printf '| engine and its data | builds | shortest, s | median, s | longest, s | coefficient of variation | what the probe says |\n'
  printf '| --- | ---: | ---: | ---: | ---: | ---: | --- |\n'
  cat "$work/table"
  printf '\nThe coefficient of variation is the standard deviation (with n − 1) of the build times as a share of their mean. What the probe does is\n'
  printf 'in [docs/noise.md](../../../docs/noise.md); every build is in [builds.csv](builds.csv), the table in [noise.csv](noise.csv). Made by scripts/noise-table.sh.\n'
}

loadline=$(program)
load=$(cut -d' ' -f1 /proc/loadavg)
rounds=
places=1
mkdir -p "$out"
printf 'place,trial,seconds\n' >"$out/builds.csv"
printf 'place,builds,shortest_s,median_s,longest_s,coefficient_of_variation,verdict,probe\n' >"$out/noise.csv"
make_scenario
measure 'private engine on tmpfs' --engine private --data-root tmpfs
measure 'private engine on disk' --engine private --data-root disk
mkdir "$work/engine"
start_plain_engine "$work/engine" "noise$$"
measure 'host engine (plain dockerd) on disk' --engine host
stop_engine
page >"$out/README.md"
say "written: $out"
