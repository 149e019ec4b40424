# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Brings the cluster up, and installs the chart; the demo hands it the images on the way.

bring_cluster_up() {
  if ! cluster/cluster status >/dev/null 2>&1; then
    started_cluster=1 # read by the clean-up
  fi
  cluster/cluster up
  KUBECONFIG="$(cluster/cluster kubeconfig)"
  export KUBECONFIG
}

# Remembers which images are meant, so that an edit while this runs changes nothing.
declare -A IMAGES
ARCHIVES=()
resolve_images() {
  local name
  for name in operator server trainer; do
    IMAGES[$name]="$(images/list --reference "$name")"
  done
  mapfile -t ARCHIVES < <(images/list --archives)
}

# The operator starts while the trainer's image is imported and a pod of it prepares the data; neither needs the other.
install_and_load() {
  local data failed=
  cluster/cluster import "${ARCHIVES[@]:0:2}"
  load_data >"$OUTPUT/data.log" 2>&1 &
  data=$!
  install_hone || failed=1
  report_when_done "$data" "data on the volume" "$OUTPUT/data.log" || failed=1
  [[ -z "$failed" ]]
}

load_data() {
  cluster/cluster import "${ARCHIVES[@]:2}"
  put_data_on_the_volume
}

install_hone() {
  local settings=() name
  for name in "${!IMAGES[@]}"; do
    settings+=(--set "images.$name.repository=${IMAGES[$name]%:*}" --set "images.$name.tag=${IMAGES[$name]##*:}")
  done
  helm upgrade --install hone helm/hone --namespace hone-system --create-namespace "${settings[@]}" --wait --timeout 5m >"$OUTPUT/helm.log" || {
    kubectl -n hone-system describe pods | tail -n 20 >&2
    return 1
  }
  kubectl -n hone-system get deployments
}
