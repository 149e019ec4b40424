# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Where things are, and how this folder's verbs speak.

# A failure inside $(…) ends the script as it would anywhere else.
shopt -s inherit_errexit

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hone/images"
image_names=(operator server trainer)
# Built only when they are named: few need them.
more_image_names=(trainer-litert)
mkdir -p "$cache"

say() { printf 'images: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# Holds the lock of that name until the process ends, so that parallel callers build once and then find it.
hold_lock() {
  local descriptor
  exec {descriptor}>"$cache/$1.lock"
  flock "$descriptor"
}

require_image_name() {
  [[ " ${image_names[*]} ${more_image_names[*]} " == *" ${1:-} "* ]] || die "no image is called '${1:-}'; write one of: ${image_names[*]} ${more_image_names[*]}"
}
