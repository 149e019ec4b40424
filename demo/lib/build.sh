# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Builds what must be built once. The first phase waits for Kubernetes alone; the cluster comes up, and takes the trainer's image and the data, while the rest is built.

# The trainer's image is by far the largest and next to be needed; the two Java images fill what it and Kubernetes leave of the processors.
begin_building() {
  cluster/bin/prerequisites --install
  resolve_images
  cluster/bin/kube-tools >"$OUTPUT/kube-tools.log" 2>&1 &
  tools_pid=$!
  images/build trainer >"$OUTPUT/trainer-image.log" 2>&1 &
  trainer_pid=$!
  build_java_images >"$OUTPUT/images.log" 2>&1 &
  java_pid=$!
  "$EXAMPLE/prepare/fetch" >"$OUTPUT/fetch.log" 2>&1 &
  data_pid=$!
  await "$tools_pid" "Kubernetes and tools" "$OUTPUT/kube-tools.log"
  KUBE_BIN="$(tail -n 1 "$OUTPUT/kube-tools.log")"
  PATH="$KUBE_BIN:$PATH"
}

build_java_images() {
  nice -n 10 images/build operator && nice -n 10 images/build server
}

# The trainer's image is imported, and a pod of it prepares the data, while the operator's image is built and the operator starts; neither needs the other.
finish_images_and_install() {
  local load_pid
  await "$data_pid" "model and mails" "$OUTPUT/fetch.log"
  await "$trainer_pid" "trainer image" "$OUTPUT/trainer-image.log"
  load_data >"$OUTPUT/data.log" 2>&1 &
  load_pid=$!
  await "$java_pid" "operator and server images" "$OUTPUT/images.log"
  images/list
  cluster/cluster import "${ARCHIVES[@]:0:2}"
  install_hone || give_up
  await "$load_pid" "data on the volume" "$OUTPUT/data.log"
}

load_data() {
  cluster/cluster import "${ARCHIVES[@]:2}"
  put_data_on_the_volume
}

await() { # pid, what, log
  local started=$SECONDS
  if wait "$1"; then
    echo "  ready: $2 (waited $(clock $((SECONDS - started))))"
  else
    echo "  failed: $2; the end of $3 says:" >&2
    tail -n 15 "$3" >&2
    give_up
  fi
}

# What else runs in the background is not left behind: it comes to its end first.
give_up() {
  wait || true
  return 1
}
