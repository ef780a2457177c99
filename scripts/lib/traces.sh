# shellcheck shell=bash
# What private engines leave on a machine, found by name without loadline's own help.

# traces prints one line for each thing on this machine that is named like an engine's, sorted.
traces() {
  {
    trace_files
    trace_mounts
    trace_processes
  } | LC_ALL=C sort -u
}

trace_files() {
  local path
  for path in /sys/class/net/ll[0-9a-f]* /run/loadline/* /var/lib/loadline/* /sys/fs/cgroup/loadline-* /sys/fs/cgroup/*/loadline-*; do
    if [ ! -e "$path" ]; then continue; fi
    case $path in
      /sys/class/net/*) printf 'network interface %s\n' "${path##*/}" ;;
      /sys/fs/cgroup/*) printf 'cgroup folder %s\n' "$path" ;;
      *) printf 'folder %s\n' "$path" ;;
    esac
  done
}

trace_mounts() {
  sed -nE 's|^[^ ]+ (/(run\|var/lib)/loadline[^ ]*) .*|mount \1|p' /proc/self/mounts
}

trace_processes() {
  local file
  for file in /proc/[0-9]*/cmdline; do
    # A process may end while it is looked at.
    if grep -qsaE '/(run|var/lib)/loadline/' "$file"; then
      printf 'process %s: %s\n' "$(basename "$(dirname "$file")")" "$({ tr '\0' ' ' <"$file"; } 2>/dev/null | cut -c 1-120 || true)"
    fi
  done
}

# new_traces BEFORE prints the traces that are not in the file BEFORE and stay: what is on its way out gets ten seconds.
new_traces() {
  local tries new=
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    new=$(traces | LC_ALL=C comm -13 "$1" -)
    [ -n "$new" ] || return 0
    [ "$tries" -eq 10 ] || sleep 1
  done
  printf "%s\n" "$new"
}
