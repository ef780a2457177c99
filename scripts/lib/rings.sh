# shellcheck shell=bash
# The four rings of tests: which test belongs to which, how they are run, what came of them.
#
# A ring's tests are those of the integration binary below the module of its name; everything else is pure. Counts come from
# the test harness's own summary lines, names of failures from its closing list.

rings=(pure fake wire live)
declare -A passed=([pure]=0 [fake]=0 [wire]=0 [live]=0)
failures=()

# build_tests WORK builds all test programs as the owner and leaves their paths in unit_program and integration_program.
build_tests() {
  local programs=$1/programs program
  (cd "$root" && as_owner cargo test --no-run --locked --lib --test it --message-format=json-render-diagnostics) >"$programs.json"
  sed -n '/"profile":{[^}]*"test":true/s/.*"executable":"\([^"]*\)".*/\1/p' "$programs.json" >"$programs"
  while read -r program; do
    case ${program##*/} in
      it-*) integration_program=$program ;;
      *) unit_program=$program ;;
    esac
  done <"$programs"
  if [ ! -x "${unit_program-}" ] || [ ! -x "${integration_program-}" ]; then die 70 "cargo built no test program that could be found"; fi
}

# sort_tests WORK writes the integration tests' names to WORK/<ring>.names.
sort_tests() {
  "$integration_program" --list --format terse 2>/dev/null | sed -n 's/: test$//p' >"$1/all.names"
  grep -E '^(fake|wire|live)::' -v "$1/all.names" >"$1/pure.names" || true
  local ring
  for ring in fake wire live; do
    grep "^$ring::" "$1/all.names" >"$1/$ring.names" || true
    [ -s "$1/$ring.names" ] || failures+=("$ring: the ring has no test")
  done
}

# run_ring WORK RING SECONDS OPTION… runs the ring's tests of the integration binary.
run_ring() {
  local work=$1 ring=$2 limit=$3 names
  shift 3
  mapfile -t names <"$work/$ring.names"
  if [ "${#names[@]}" -eq 0 ]; then return 0; fi
  run_tests "$work" "$ring" "$limit" "$integration_program" --exact "$@" "${names[@]}"
}

# run_tests WORK RING SECONDS PROGRAM… runs one test program and adds up what it says.
run_tests() {
  local log=$1/run.log ring=$2 limit=$3 status=0
  shift 3
  show_and_keep "$log" timeout --foreground --kill-after=20 "$limit" "$@" || status=$?
  local count
  count=$(sed -nE 's/^test result: [^.]*\. ([0-9]+) passed;.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
  passed[$ring]=$((passed[$ring] + count))
  local summed=no names
  if grep -aq '^test result: ' "$log"; then summed=yes; fi
  if [ "$status" -eq 0 ] && [ "$summed" = yes ]; then return 0; fi
  mapfile -t names < <(failed_names "$log")
  if [ "$summed" = yes ] && [ "${#names[@]}" -gt 0 ]; then
    failures+=("${names[@]}")
  elif [ "$status" -eq 124 ]; then
    failures+=("$ring: not finished after $limit s, at: $(grep -a '^test ' "$log" | tail -n 1 || true)")
  else
    # A test that ends the whole program takes the summary with it, whatever its code.
    failures+=("$ring: the test program ended with code $status, at: $(grep -av '^ *$' "$log" | tail -n 1 || true)")
  fi
}

# show_and_keep LOG COMMAND… A process that a test left behind may hold the pipe open, so its reader is not waited for long.
show_and_keep() {
  local log=$1 pipe=$1.pipe reader status=0 tries
  shift
  mkfifo "$pipe"
  tee "$log" <"$pipe" &
  reader=$!
  (cd "$root" && "$@") >"$pipe" 2>&1 </dev/null || status=$?
  for tries in {1..50}; do
    kill -0 "$reader" 2>/dev/null || break
    sleep 0.1
  done
  if [ "$tries" -eq 50 ]; then kill "$reader" 2>/dev/null || true; fi
  wait "$reader" 2>/dev/null || true
  rm -f "$pipe"
  return "$status"
}

# failed_names LOG prints the closing list of the harness: the last block of indented lines below "failures:".
failed_names() {
  awk '/^failures:$/ { n = 0; on = 1; next }
       on && /^    [^ ]/ { name[n++] = substr($0, 5); next }
       { on = 0 }
       END { for (i = 0; i < n; i++) print name[i] }' "$1"
}

# count_skips WORK LOG takes the skipped tests, each a line `name: reason`, out of their rings' counts. A skip must name a test
# that exists: otherwise it was counted as passed.
count_skips() {
  local work=$1 name reason
  sort -u "$2" >"$work/skipped"
  skipped=0
  while IFS= read -r line; do
    name=${line%%: *}
    reason=${line#*: }
    if ! grep -qxF "$name" "$work/all.names"; then
      failures+=("$name: skipped under a name that no test has")
      continue
    fi
    skipped=$((skipped + 1))
    passed[${name%%::*}]=$((passed[${name%%::*}] - 1))
    say "skipped $name: $reason"
    if [ "${CI-}" = true ]; then failures+=("$name: skipped, which CI does not allow"); fi
  done <"$work/skipped"
}
