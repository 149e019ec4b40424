# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Brings the cluster up, hands it the images, and installs the chart.

bring_cluster_up() {
  if ! cluster/cluster status >/dev/null 2>&1; then
    started_cluster=1 # read by the clean-up
  fi
  cluster/cluster up
  KUBECONFIG="$(cluster/cluster kubeconfig)"
  export KUBECONFIG
  import_images
}

import_images() {
  local archives
  mapfile -t archives < <(images/list --archives)
  cluster/cluster import "${archives[@]}"
}

install_hone() {
  local settings=() name reference
  for name in operator trainer server; do
    reference="$(images/list --reference "$name")"
    settings+=(--set "images.$name.repository=${reference%:*}" --set "images.$name.tag=${reference##*:}")
  done
  helm upgrade --install hone helm/hone --namespace hone-system --create-namespace "${settings[@]}" --wait --timeout 5m
  kubectl get crd -o name | grep hone.dev
  kubectl -n hone-system get deployment
}
