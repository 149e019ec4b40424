# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Builds what must be built once. The first phase waits for Kubernetes alone; the cluster comes up, and takes the trainer's image and the data, while the rest is built.

# Kubernetes takes longest and needs Go alone, so it begins before anything is installed. The trainer's image is by far the largest and next to be needed; the two Java images fill
# what it and Kubernetes leave of the processors.
begin_building() {
  begin "Kubernetes and tools" cluster/cluster programs
  build/prerequisites --with-cluster
  resolve_images
  begin "trainer image" images/build trainer
  begin "operator and server images" build_java_images
  begin "model and mails" "$EXAMPLE/prepare/fetch"
  await "Kubernetes and tools"
  KUBE_BIN="$(tail -n 1 "$(log_of "Kubernetes and tools")")"
  PATH="$KUBE_BIN:$PATH"
}

build_java_images() {
  nice -n 10 images/build operator && nice -n 10 images/build server
}

# The trainer's image is imported, and a pod of it prepares the data, while the operator's image is built and the operator starts; neither needs the other.
finish_images_and_install() {
  await "model and mails"
  await "trainer image"
  begin "data on the volume" load_data
  await "operator and server images"
  images/list
  cluster/cluster import "${ARCHIVES[@]:0:2}"
  install_hone
  await "data on the volume"
}

load_data() {
  cluster/cluster import "${ARCHIVES[@]:2}"
  put_data_on_the_volume
}

# What is under way, and its process group.
declare -A GROUPS_OF=()

begin() { # what, command and its arguments
  local what="$1"
  shift
  # Job control gives it a process group of its own, by which all of it can be ended.
  set -m
  "$@" >"$(log_of "$what")" 2>&1 </dev/null &
  set +m
  GROUPS_OF[$what]=$!
}

log_of() { printf '%s/%s.log' "$OUTPUT" "${1// /-}"; } # what

await() { # what
  local started=$SECONDS group="${GROUPS_OF[$1]}"
  if wait "$group"; then
    unset "GROUPS_OF[$1]"
    echo "  ready: $1 (waited $(clock $((SECONDS - started))))"
  else
    unset "GROUPS_OF[$1]"
    echo "  failed: $1; the end of $(log_of "$1") says:" >&2
    tail -n 15 "$(log_of "$1")" >&2
    return 1
  fi
}

# Ends what nobody waited for, after a failure or an interruption; the next try takes away what a killed build leaves.
stop_building() {
  local group
  for group in "${GROUPS_OF[@]}"; do
    kill -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
  done
}
