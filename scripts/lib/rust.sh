# shellcheck shell=bash
# A Rust tool chain that is new enough for this crate.

rust_needed() { sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml"; }

# at_least HAVE WANT compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

cargo_version() { (cd "$root" && as_owner cargo --version) 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p' || true; }

# need_rust leaves a cargo on the path that can build this crate, or says what to do.
need_rust() {
  local need found
  need=$(rust_needed)
  PATH=$PATH:$(owner_home)/.cargo/bin
  found=$(cargo_version)
  if [ -z "$found" ] || ! at_least "$found" "$need"; then
    get_rust "$need" "$found"
    found=$(cargo_version)
    at_least "${found:-0}" "$need" || no_rust "$need" "what was installed is ${found:-not found}"
  fi
  need_own_target
  install_missing cc=gcc /usr/include/stdlib.h=libc6-dev
}

# need_own_target: a build that root ran earlier leaves folders that the owner's cargo cannot write.
need_own_target() {
  local target=${CARGO_TARGET_DIR:-$root/target} user foreign
  user=$(owner)
  if [ "$user" = root ] || [ ! -d "$target" ]; then return 0; fi
  foreign=$(find "$target" -maxdepth 2 -type d -user root -print -quit 2>/dev/null || true)
  [ -z "$foreign" ] || die 2 "$foreign belongs to root, so $user cannot build there; run \`sudo chown -R $user $target\` and this script again"
}

# get_rust NEED FOUND: by rustup where it is or where the distribution has it, else the distribution's own cargo. A cargo that
# was there before is not replaced by rustup's, which would conflict with it.
get_rust() {
  local packaged
  if owner_has rustup; then
    rustup_rust "$1"
    return
  fi
  have apt-get || no_rust "$1" "this machine has ${2:-none}"
  need_root "installing a Rust tool chain"
  update_lists
  packaged=$(candidate cargo)
  packaged=${packaged%%[+~-]*}
  if [ -z "$2" ] && [ -n "$(candidate rustup)" ]; then
    install_missing rustup=rustup
    rustup_rust "$1"
  elif at_least "${packaged:-0}" "$1"; then
    # Without a probe: an older one may be there.
    install_missing '=cargo'
  else
    no_rust "$1" "this machine has ${2:-none}, its distribution ${packaged:-none}"
  fi
}

# rustup_rust NEED leaves the user's default tool chain as it is.
rustup_rust() {
  say "getting Rust $1 by rustup"
  as_owner rustup toolchain install "$1" --profile minimal || die 2 "rustup could not get Rust $1, for the reason above; get it and run this script again"
  export RUSTUP_TOOLCHAIN=$1
  # An older cargo of the distribution may come earlier on the path.
  PATH=$(owner_home)/.cargo/bin:$PATH
  hash -r
}

# no_rust NEED SITUATION
no_rust() { die 2 "loadline needs Rust $1 or newer and $2; install it with rustup (https://rustup.rs) and run this script again"; }
