# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Brings the cluster up and installs the chart, with the images of this checkout.

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
