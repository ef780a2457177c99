#!/usr/bin/env bash
# A root file system with a Docker Engine in it, made from a Debian suite: for `PrivateOptions::engine_root`. Nothing of it is
# installed on this machine, and no service starts. Prints the folder.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"

usage() {
  cat <<'TEXT'
usage: scripts/engine-root.sh [DIR [SUITE]]

Makes DIR, a root file system with the Docker Engine of a Debian suite (default: forky, Engine 28.5), with mmdebstrap. Needs root
and about half a minute; where DIR has an engine already nothing is done. The default DIR is engines/SUITE-ARCHITECTURE in the
cache folder (LOADLINE_CACHE_DIR, else loadline in XDG_CACHE_HOME or ~/.cache); an empty DIR stands for it. Prints the folder; its
size and the engine's version are said on standard error.
TEXT
}

# apparmor: without its parser an engine cannot start containers where the kernel has AppArmor.
wanted=docker.io,ca-certificates,iptables,iproute2,apparmor

# make_root FOLDER OPTION…
make_root() {
  local folder=$1
  shift
  mmdebstrap --mode=root --variant=apt --format=directory --aptopt='APT::Install-Recommends "false"' --include="$wanted" \
    "$@" "$suite" "$folder"
}

# The lists of a rolling suite are valid for some days only. Signatures are checked either way.
make_root_of_any_age() {
  local status=0
  make_root "$1" >"$work/log" 2>&1 || status=$?
  if [ "$status" -ne 0 ] && grep -qE 'is expired|not valid yet' "$work/log"; then
    say "the package lists of $suite are older than they say they may be; going on with them"
    rm -rf --one-file-system "$1"
    status=0
    make_root "$1" --aptopt='Acquire::Check-Valid-Until "false"' >"$work/log" 2>&1 || status=$?
  fi
  if [ "$status" -ne 0 ]; then tail -n 20 "$work/log" >&2; fi
  return "$status"
}

# What no engine reads.
slim() {
  rm -rf --one-file-system "$1"/usr/share/{doc,man,locale,info,lintian} "$1"/var/lib/apt/lists "$1"/var/cache/apt "$1"/var/cache/debconf
}

has_engine() { [ -x "$1/usr/sbin/dockerd" ]; }

describe() {
  local version
  version=$(sed -n '/^Package: docker.io$/,/^$/s/^Version: //p' "$1/var/lib/dpkg/status")
  say "$1: docker.io ${version:-of an unknown version} of $suite, $(du -sm --one-file-system "$1" | cut -f 1) MiB"
}

case ${1-} in
  -h | --help)
    usage
    exit 0
    ;;
  -*)
    usage >&2
    exit 2
    ;;
esac
if [ "$#" -gt 2 ]; then
  usage >&2
  exit 2
fi
suite=${2:-forky}
case $suite in
  *[!a-z0-9-]* | -*) die 2 "$suite is no name of a suite" ;;
esac
arch=$(dpkg --print-architecture 2>/dev/null || uname -m)
dir=${1:-${LOADLINE_CACHE_DIR:-${XDG_CACHE_HOME:-$(owner_home)/.cache}/loadline}/engines/$suite-$arch}
case $dir in
  /*) ;;
  *) dir=$PWD/$dir ;;
esac

if has_engine "$dir"; then
  describe "$dir"
  printf '%s\n' "$dir"
  exit 0
fi
is_root || die 2 "making an engine's root file system needs root; run it with sudo"
if [ -e "$dir" ]; then rmdir "$dir" 2>/dev/null || die 2 "$dir is there and has no engine; name another folder, or remove it"; fi
install_missing mmdebstrap=mmdebstrap /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring
mkdir -p "${dir%/*}"
# Beside its place, so that it gets there in one step. mmdebstrap's own mounts are in a namespace of its own.
work=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# When it fails, mmdebstrap sends this to its whole group, which is this script's.
trap : HUP
say "making $dir from Debian $suite"
make_root_of_any_age "$work/root" || die 2 "mmdebstrap could not make a root of $suite, for the reason above; check the network and run it again"
has_engine "$work/root" || die 2 "the packages of $suite hold no dockerd; name another suite"
slim "$work/root"
# Two may have made it at the same time: the first one stays.
mv -T --no-clobber "$work/root" "$dir" || has_engine "$dir" || die 2 "$work/root could not be moved to $dir"
has_engine "$dir" || die 2 "$dir came to be meanwhile and has no engine; remove it and run this script again"
describe "$dir"
printf '%s\n' "$dir"
