# shellcheck shell=bash
# Packages of Debian and Ubuntu: what is missing is installed, and no service starts because of it.

policy=/usr/sbin/policy-rc.d
policy_saved=$policy.before-loadline
policy_mark='loadline: holds package services back while packages are installed'

# install_missing PROBE=PACKAGE… installs each PACKAGE whose PROBE is missing: a command, or an absolute path.
# With PROBE=FIRST|SECOND the first package that the distribution has is taken.
install_missing() {
  heal_policy
  local pair packages=()
  for pair in "$@"; do
    is_there "${pair%%=*}" || packages+=("${pair#*=}")
  done
  [ "${#packages[@]}" -gt 0 ] || return 0
  have apt-get || die 2 "missing: ${packages[*]}; this script installs with apt-get only, install them by hand and run it again"
  need_root "installing ${packages[*]}"
  update_lists
  local chosen=() choice
  for pair in "${packages[@]}"; do
    choice=$(first_known "$pair") || die 2 "this distribution has no package ${pair//|/ or }"
    chosen+=("$choice")
  done
  say "installing ${chosen[*]}"
  locked 1800 quietly without_services env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "${chosen[@]}" ||
    die 2 "apt-get could not install ${chosen[*]}; install them by hand and run this script again"
}

# The package lists, once a script. Old lists, or one source that does not answer, may still do.
update_lists() {
  [ -z "${lists_updated-}" ] || return 0
  quietly as_root apt-get update -o DPkg::Lock::Timeout=300 || say "the package lists could not be renewed, going on with those that are there"
  lists_updated=yes
}

is_there() {
  case $1 in
    /*) [ -e "$1" ] ;;
    # Under sudo or in a user's shell the administrator's folders may be missing from the path.
    *) PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin have "$1" ;;
  esac
}

# first_known A|B prints the first of them that apt can install.
first_known() {
  local name names
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    if [ -n "$(candidate "$name")" ]; then
      printf '%s' "$name"
      return 0
    fi
  done
  return 1
}

# candidate PACKAGE prints the version that apt would install, or nothing.
candidate() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -vxF '(none)' || true
}

# quietly COMMAND… shows what the command printed only when it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# without_services COMMAND… runs it as root while the distribution's own switch (policy-rc.d, exit 101: action forbidden) keeps
# packages from starting their services. A policy that was there before is put back, also after a run that was killed.
without_services() (
  restore_policy
  if ! policy_forbids; then
    trap restore_policy EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    forbid_services || exit
  fi
  before=$(enabled_engine_units)
  status=0
  as_root "$@" || status=$?
  # Also after a failure: some of the packages may be installed all the same.
  disable_new_engine_units "$before" || [ "$status" -ne 0 ] || status=$?
  exit "$status"
)

# heal_policy puts back what a killed run left. Where a script that lives holds the lock, the policy is that script's to restore.
heal_policy() {
  policy_is_ours || return 0
  if ! is_root && ! sudo -n true 2>/dev/null; then
    say "$policy still holds package services back, left by a run that was killed; run this script as root to put it right"
    return 0
  fi
  local status=0
  locked 0 restore_policy || status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 75 ]; then die 2 "$policy could not be put right; remove it by hand and run this script again"; fi
}

policy_is_ours() { [ -e "$policy_saved" ] || grep -qsF "$policy_mark" "$policy"; }

# locked SECONDS COMMAND… runs it while no other script changes the policy; code 75 where one still does after SECONDS. Only root
# makes the file, and it is opened for reading: in a folder where all may write, others' files are not for root to open.
locked() {
  local lock=/run/lock/loadline-packages patience=$1 status=0
  shift
  if [ ! -d "${lock%/*}" ]; then lock=/run/loadline-packages; fi
  if [ ! -e "$lock" ]; then as_root touch "$lock" || true; fi
  if ! have flock || [ ! -r "$lock" ]; then
    "$@"
    return
  fi
  exec 9<"$lock"
  if flock -w "$patience" 9; then
    # What the command leaves running must not hold the lock, so it does not get the descriptor.
    "$@" 9<&- || status=$?
  else
    status=75
    [ "$patience" -eq 0 ] || say "another script still installs packages after $patience s"
  fi
  exec 9<&-
  return "$status"
}

policy_forbids() {
  [ -x "$policy" ] || return 1
  local status=0
  "$policy" docker start >/dev/null 2>&1 </dev/null || status=$?
  [ "$status" -eq 101 ]
}

forbid_services() {
  if [ -e "$policy" ]; then as_root mv "$policy" "$policy_saved" || return; fi
  printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" | as_root tee "$policy" >/dev/null &&
    as_root chmod 755 "$policy"
}

restore_policy() {
  if grep -qsF "$policy_mark" "$policy"; then as_root rm -f "$policy"; fi
  if [ -e "$policy_saved" ]; then as_root mv "$policy_saved" "$policy"; fi
}

# The system's own engine must not come up at the next boot either, because loadline starts engines of its own.
engine_units=(docker.service docker.socket containerd.service docker-registry.service)

enabled_engine_units() {
  have systemctl || return 0
  local unit
  for unit in "${engine_units[@]}"; do
    if systemctl --quiet is-enabled "$unit" 2>/dev/null; then printf ' %s ' "$unit"; fi
  done
}

# disable_new_engine_units BEFORE
disable_new_engine_units() {
  have systemctl || return 0
  local unit
  for unit in "${engine_units[@]}"; do
    if [[ $1 != *" $unit "* ]] && systemctl --quiet is-enabled "$unit" 2>/dev/null; then
      as_root systemctl --quiet disable "$unit"
    fi
  done
}
