# shellcheck shell=bash
# Which kind of cluster to use: $CLUSTER, else what is up, else what this machine can do.

choose_provider() {
  case "${CLUSTER:-}" in
    local | kind | current)
      say "$CLUSTER"
      return 0
      ;;
    "") ;;
    *) die "CLUSTER=$CLUSTER is not known; write CLUSTER=local, CLUSTER=kind or CLUSTER=current" ;;
  esac
  if [ -f "$provider_file" ]; then
    cat "$provider_file"
  elif docker info >/dev/null 2>&1; then
    say kind
  elif "$cluster_dir/bin/prerequisites" --can-install; then
    say local
  else
    die "no Docker engine answers, and a local cluster needs root$("$cluster_dir/bin/prerequisites" --list | sed 's/^/, /' | tr -d '\n'); start Docker, install these, or use CLUSTER=current"
  fi
}
