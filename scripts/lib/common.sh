# shellcheck shell=bash
# What every script here uses: talk, failure, rights. Sourced, never run.
# Talk goes to standard error; standard output is data.

# The repository's root.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }

# die CODE SENTENCE… ends the script; the codes are those of docs/exit-codes.md.
die() {
  local code=$1
  shift
  say "error: $*"
  exit "$code"
}

# have PROGRAM: whether there is one. A function or a builtin of that name is none.
have() { type -P -- "$1" >/dev/null; }

# timed NAME COMMAND… says how long the command took. Where it fails the script ends, so call it in no condition.
timed() {
  local name=$1 started=$SECONDS
  shift
  say "== $name"
  "$@"
  say "-- $name: $((SECONDS - started)) s"
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# need_root WHAT: root, or sudo for the steps that need it.
need_root() {
  is_root || have sudo || die 2 "$1 needs root, and there is no sudo here; run this script as root"
}

# as_root COMMAND…
as_root() {
  if is_root; then "$@"; else sudo -- "$@"; fi
}

# The program: the one that LOADLINE names, else the one that was built here, an optimised one first.
program() {
  local target=${CARGO_TARGET_DIR:-$root/target} found
  if [ -n "${LOADLINE:-}" ]; then
    printf '%s' "$LOADLINE"
    return
  fi
  for found in "$target/release/loadline" "$target/debug/loadline"; do
    if [ -x "$found" ]; then
      printf '%s' "$found"
      return
    fi
  done
  die 2 "there is no loadline in $target; build it with \`cargo build --release\` or name it in LOADLINE"
}

# The user whose files these are: the caller of sudo where the repository is theirs to write, else whoever runs the script.
owner() {
  if ! is_root; then
    id -un
  elif [ "${SUDO_USER:-root}" != root ] && runuser -u "$SUDO_USER" -- test -w "$root" 2>/dev/null; then
    printf '%s' "$SUDO_USER"
  else
    printf 'root'
  fi
}

owner_home() { getent passwd "$(owner)" | cut -d: -f6; }

# owner_words sets the array `owned`: what stands before a command to run it with the owner's rights, home and tools. Empty
# where the script already has them.
owner_words() {
  local user home
  user=$(owner)
  owned=()
  if ! is_root || [ "$user" = root ]; then return 0; fi
  home=$(owner_home)
  owned=(runuser -u "$user" -- env HOME="$home" USER="$user" PATH="$home/.cargo/bin:$PATH")
}

# as_owner COMMAND… runs it with the owner's rights, home and tools, so that what it writes belongs to them.
as_owner() {
  local owned
  owner_words
  "${owned[@]}" "$@"
}

# owner_has COMMAND: have, on the owner's path.
owner_has() { as_owner sh -c "command -v $1" >/dev/null 2>&1; }

# as_root_with_settings COMMAND… keeps the variables that steer loadline and its downloads, which sudo would drop.
as_root_with_settings() {
  local kept=() pair
  while IFS= read -r -d '' pair; do
    case $pair in
      LOADLINE_*=* | NO_COLOR=* | RUST_BACKTRACE=* | GOPROXY=* | XDG_CACHE_HOME=* | TMPDIR=* | DOCKER_HOST=* | DOCKER_CONTEXT=* | DOCKER_CONFIG=*)
        kept+=("$pair") ;;
      [Aa][Ll][Ll]_[Pp][Rr][Oo][Xx][Yy]=* | [Hh][Tt][Tt][Pp]_[Pp][Rr][Oo][Xx][Yy]=* | [Hh][Tt][Tt][Pp][Ss]_[Pp][Rr][Oo][Xx][Yy]=* | [Nn][Oo]_[Pp][Rr][Oo][Xx][Yy]=*)
        kept+=("$pair") ;;
    esac
  done < <(env -0)
  as_root env "${kept[@]}" "$@"
}
