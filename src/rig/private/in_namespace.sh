# PID 1 of a private engine's namespace: `sh <this> <state> <data> <size in bytes, or empty> <engine's root, or empty> <cgroup
# folders to enter, parted by blanks> <dockerd> <arguments…>`.
#
# Standard input is a pipe whose writing end only loadline holds. When it closes, by intent or because loadline died,
# the daemon is killed, this shell ends, and the kernel kills whatever else lives in the namespace.
set -eu
state=$1 data=$2 size=$3 engine_root=$4 groups=$5
shift 5
exec 3<&0 </dev/null
cd "$state"

# Without -n, mount keeps notes below the host's /run.
mount -n -t tmpfs -o mode=0700,size=256m loadline ns
if [ -n "$size" ]; then mount -n -t tmpfs -o "mode=0711,size=$size" loadline "$data"; fi
mkdir ns/exec ns/kept

# The daemon, containerd and its shims, and BuildKit's runc write to fixed places below these: let it land in the tmpfs.
covered='etc opt run'

# An overlay does not show what is mounted below it (a container's resolv.conf, say), so that is put aside and comes back.
cover_this_machine() {
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
}

# The engine's root is seen through an overlay in the tmpfs, too, so that nothing in it changes; it is a mount point, which runc
# needs. In it are this machine's kernel file systems, state folder and data root, and what the machine knows of names and whom
# it trusts.
enter_engine_root() {
  mkdir -m 0755 ns/lower ns/upper ns/work ns/root
  new=$state/ns/root
  mount -n --bind "$engine_root" ns/lower
  # By way of a folder of a known name: commas and colons in the option would part it.
  mount -n -t overlay -o "lowerdir=$state/ns/lower,upperdir=$state/ns/upper,workdir=$state/ns/work" loadline "$new"
  for dir in proc sys dev; do
    at=$(place_in_root "/$dir")
    mount -n --rbind "/$dir" "$at"
  done
  # Not --rbind, which would show the new root in itself.
  for dir in "$state" "$state/ns" "$data"; do
    at=$(place_in_root "$dir")
    mount -n --bind "$dir" "$at"
  done
  etc=$(place_in_root /etc)
  for name in resolv.conf hosts; do
    rm -rf "${etc:?}/$name"
    [ ! -e "/etc/$name" ] || cat "/etc/$name" >"$etc/$name"
  done
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
    [ -r "$bundle" ] || continue
    certificates=$(place_in_root /etc/ssl/certs)
    rm -f "$certificates/ca-certificates.crt"
    cat "$bundle" >"$certificates/ca-certificates.crt"
    break
  done
  if [ -d /etc/docker/certs.d ]; then
    at=$(place_in_root /etc/docker/certs.d)
    mount -n --bind /etc/docker/certs.d "$at"
  fi
}

# place_in_root DIR makes DIR in the new root and prints where it lies: symbolic links are followed there, never out of it.
place_in_root() {
  # shellcheck disable=SC2016
  inside=$(chroot "$new" sh -c 'mkdir -p "$1" && cd "$1" && pwd -P' sh "$1") || exit
  printf '%s%s\n' "$new" "$inside"
}

# All that this shell starts is in them, too. The path of a hierarchy has no blanks.
for group in $groups; do echo 0 >"$group/cgroup.procs"; done

if [ -z "$engine_root" ]; then
  cover_this_machine
else
  enter_engine_root
  # No folder for temporary files that only this machine has.
  unset TMPDIR
  set -- chroot "$new" "$@"
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
