# shellcheck shell=bash
# Engines for scripts: start_private_engine or start_plain_engine, and stop_engine for either. One at a time. Sourced after common.sh,
# never run. A script that starts one calls stop_engine in its trap on EXIT.

# What is under way: a process, the writing end of its standard input where that keeps it, and what a plain engine has outside of its
# namespaces.
engine_pid='' engine_open='' engine_bridge='' engine_cgroup=''

# start_private_engine FOLDER COMMAND… starts loadline's private engine: COMMAND is examples/engine.rs with its arguments. FOLDER is there
# and is this engine's own. Exports DOCKER_HOST, and sets data_root.
start_private_engine() {
  local folder=$1
  shift
  mkfifo "$folder/open" "$folder/said"
  "$@" <"$folder/open" >"$folder/said" &
  engine_pid=$!
  # The engine ends with its standard input.
  exec {engine_open}>"$folder/open"
  # shellcheck disable=SC2034  # for the scripts that read the store
  { read -r DOCKER_HOST && read -r data_root; } <"$folder/said" || die 4 "the private engine did not start, for the reason above"
  export DOCKER_HOST
}

# start_plain_engine FOLDER NAME starts a dockerd as a user has one, but for the machine's firewall, which it leaves alone. All its data
# are in FOLDER, which is there; its bridge is llNAME, its cgroup loadline-NAME. Exports DOCKER_HOST.
start_plain_engine() {
  local folder=$1 tries
  engine_bridge=ll$2 engine_cgroup=loadline-$2
  printf '{}\n' >"$folder/daemon.json"
  ip link add name "$engine_bridge" type bridge
  # An address that is kept for documentation: nothing is routed there.
  ip addr add 198.51.100.1/24 dev "$engine_bridge"
  ip link set dev "$engine_bridge" up
  unshare --mount --pid --fork --kill-child --mount-proc dockerd --config-file="$folder/daemon.json" \
    --data-root="$folder/data" --exec-root="$folder/exec" --pidfile="$folder/pid" --host="unix://$folder/docker.sock" \
    --bridge="$engine_bridge" --cgroup-parent="/$engine_cgroup" --exec-opt=native.cgroupdriver=cgroupfs \
    --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false </dev/null >"$folder/log" 2>&1 &
  engine_pid=$!
  export DOCKER_HOST=unix://$folder/docker.sock
  for tries in $(seq 1 150); do
    if docker -H "$DOCKER_HOST" version >/dev/null 2>&1; then return 0; fi
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 5 "$folder/log" >&2
  die 4 "the plain engine gave no answer after $tries tries, for the reason above"
}

# stop_engine ends the engine under way, if any, and removes what it has outside of its folder.
stop_engine() {
  if [ -n "$engine_open" ]; then
    exec {engine_open}>&-
    engine_open=
  elif [ -n "$engine_pid" ]; then
    # unshare itself minds no other signal; what is in its namespaces dies with it.
    kill -KILL "$engine_pid" 2>/dev/null || true
  fi
  if [ -n "$engine_pid" ]; then
    wait "$engine_pid" 2>/dev/null || true
    engine_pid=
    unset DOCKER_HOST
  fi
  [ -z "$engine_bridge" ] || remove_plain_traces
}

# remove_plain_traces removes a plain engine's bridge and cgroup folders.
remove_plain_traces() {
  local top tries
  ip link delete "$engine_bridge" 2>/dev/null || true
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    # A cgroup stays busy for some milliseconds after its last process.
    for tries in 1 2 3 4 5 6 7 8 9 10; do
      [ -d "$top/$engine_cgroup" ] || break
      [ "$tries" = 1 ] || sleep 0.1
      find "$top/$engine_cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
  done
  engine_bridge='' engine_cgroup=''
}
