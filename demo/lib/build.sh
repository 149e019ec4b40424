# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Builds what must be built once: Kubernetes and its tools beside the images (which mostly wait for packages), and fetches the example's model and mails.

build_everything() {
  cluster/bin/prerequisites --install
  resolve_images
  local tools_pid images_pid data_pid failed=
  cluster/bin/kube-tools >"$OUTPUT/kube-tools.log" 2>&1 &
  tools_pid=$!
  images/build all >"$OUTPUT/images.log" 2>&1 &
  images_pid=$!
  "$EXAMPLE/prepare/fetch" >"$OUTPUT/fetch.log" 2>&1 &
  data_pid=$!
  report_when_done "$data_pid" "model and mails" "$OUTPUT/fetch.log" || failed=1
  report_when_done "$tools_pid" "Kubernetes and tools" "$OUTPUT/kube-tools.log" || failed=1
  report_when_done "$images_pid" "images" "$OUTPUT/images.log" || failed=1
  [[ -z "$failed" ]]
  KUBE_BIN="$(tail -n 1 "$OUTPUT/kube-tools.log")"
  PATH="$KUBE_BIN:$PATH"
  images/list
}

report_when_done() { # pid, what, log
  local started=$SECONDS
  if wait "$1"; then
    echo "  ready: $2 (waited $(clock $((SECONDS - started))))"
  else
    echo "  failed: $2; the end of $3 says:" >&2
    tail -n 15 "$3" >&2
    return 1
  fi
}
