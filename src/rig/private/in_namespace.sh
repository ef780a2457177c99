# PID 1 of a private engine's namespace: `sh <this> <state> <data> <size in bytes, or empty> <dockerd> <arguments…>`.
#
# Standard input is a pipe whose writing end only loadline holds. When it closes, by intent or because loadline died,
# the daemon is killed, this shell ends, and the kernel kills whatever else lives in the namespace.
set -eu
state=$1 data=$2 size=$3
shift 3
exec 3<&0 </dev/null
cd "$state"

# Without -n, mount keeps notes below the host's /run.
mount -n -t tmpfs -o mode=0700,size=256m loadline ns
if [ -n "$size" ]; then mount -n -t tmpfs -o "mode=0711,size=$size" loadline "$data"; fi
mkdir ns/exec ns/kept

# The daemon, containerd and its shims, and BuildKit's runc write to fixed places below these: let it land in the tmpfs.
# An overlay does not show what is mounted below it (a container's resolv.conf, say), so that is put aside and comes back.
covered='etc opt run'
kept=0
while read -r _ at _; do
  case $at in
    *\\*) continue ;;
    /etc/* | /opt/*) ;;
    *) continue ;;
  esac
  # What has been deleted since it was mounted can be read but not mounted again.
  if [ -d "$at" ]; then
    mkdir "ns/kept/$kept"
    mount -n --bind "$at" "ns/kept/$kept" || { rmdir "ns/kept/$kept" && continue; }
  elif [ -f "$at" ]; then
    : >"ns/kept/$kept"
    mount -n --bind "$at" "ns/kept/$kept" || cat "$at" >"ns/kept/$kept"
  else
    continue
  fi
  echo "$at" >>ns/kept.list
  kept=$((kept + 1))
done </proc/self/mounts
for dir in $covered; do
  [ -d "/$dir" ] || continue
  mkdir -p "ns/$dir/upper" "ns/$dir/work"
  mount -n -t overlay -o "lowerdir=/$dir,upperdir=$state/ns/$dir/upper,workdir=$state/ns/$dir/work" loadline "/$dir"
done
# Still standing in the state folder that the overlay of /run has just covered, put it back in its place.
mount -n --no-canonicalize --rbind . "$state"
cd "$state"
kept=0
if [ -e ns/kept.list ]; then
  while read -r at; do
    mount -n --bind "ns/kept/$kept" "$at"
    kept=$((kept + 1))
  done <ns/kept.list
fi

# As many open files as allowed, up to what Docker's own service unit gives: containers inherit the figure.
# dash and busybox know hard and soft limits, though POSIX does not.
# shellcheck disable=SC3045
open=$(ulimit -H -n)
if [ "$open" = unlimited ] || [ "$open" -gt 1048576 ]; then open=1048576; fi
# shellcheck disable=SC3045
ulimit -S -n "$open"

"$@" 3<&- &
daemon=$!
{ read -r _ <&3 || :; kill -9 "$daemon"; } &
exec 3<&-
wait "$daemon"
