# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Names the phases of the demo and keeps how long each took.

PHASE_NAMES=()
PHASE_SECONDS=()

phase() { # title, function
  local started=$SECONDS
  printf '\n\033[1m== %s\033[0m\n' "$1"
  "$2"
  PHASE_NAMES+=("$1")
  PHASE_SECONDS+=($((SECONDS - started)))
}

clock() { # seconds -> m:ss
  printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}
