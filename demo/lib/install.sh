# shellcheck shell=bash
# Brings the cluster up, hands it the images, and installs the chart.

bring_cluster_up() {
  if ! cluster/cluster status >/dev/null 2>&1; then
    started_cluster=1
  fi
  cluster/cluster up
  KUBECONFIG="$(cluster/cluster kubeconfig)"
  export KUBECONFIG
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
