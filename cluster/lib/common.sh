# shellcheck shell=bash
# What every other file here uses: lines for the user, and waiting for a condition.

say() { printf '%s\n' "$*"; }

die() {
  printf 'cluster: %s\n' "$*" >&2
  exit 1
}

# wait_for SECONDS PROCESS WHAT COMMAND… runs COMMAND until it succeeds. It gives up after SECONDS, or at
# once when PROCESS (a name in processes.sh, or -) has ended, and shows what that process wrote last.
wait_for() {
  local deadline=$((SECONDS + $1)) process="$2" what="$3"
  shift 3
  until "$@" >/dev/null 2>&1; do
    if [ "$process" != - ] && ! alive "$process"; then
      show_log "$process"
      die "$process ended while waiting until $what; its last lines stand above"
    fi
    if ((SECONDS >= deadline)); then
      [ "$process" = - ] || show_log "$process"
      die "gave up waiting until $what"
    fi
    sleep 0.2
  done
}
