# shellcheck shell=bash
# CLUSTER=kind: Kubernetes in Docker, where a Docker engine answers. The node's image is kind's default.

kind_name=hone
kind_kubeconfig="$state_dir/kind.kubeconfig"

use_kind_tools() {
  docker info >/dev/null 2>&1 || die "no Docker engine answers, and kind needs one; start it or use CLUSTER=local"
  tools="$("$cluster_dir/bin/kube-tools" --only kubectl,kind)"
  admin_kubeconfig="$kind_kubeconfig"
}

kind_programs() { "$cluster_dir/bin/kube-tools" --only kubectl,kind,helm; }

kind_packages() { :; }

kind_exists() { "$tools/kind" get clusters 2>/dev/null | grep -qx "$kind_name"; }

kind_up() {
  use_kind_tools
  mkdir -p "$state_dir"
  printf 'kind\n' >"$provider_file"
  if kind_exists; then
    say "the kind cluster $kind_name is up already"
    "$tools/kind" export kubeconfig --name "$kind_name" --kubeconfig "$kind_kubeconfig" --quiet
  else
    "$tools/kind" create cluster --name "$kind_name" --kubeconfig "$kind_kubeconfig" --wait 180s
  fi
  up_gpus "$kind_name-control-plane"
  say "  export KUBECONFIG=$kind_kubeconfig"
  say "  export PATH=$tools:\$PATH   # kubectl, kind"
}

kind_down() {
  use_kind_tools
  "$tools/kind" delete cluster --name "$kind_name" --kubeconfig "$kind_kubeconfig"
  rm -rf "$state_dir"
}

kind_status() {
  use_kind_tools
  if ! kind_exists; then
    say "there is no kind cluster $kind_name"
    return 1
  fi
  kube get nodes -o wide
  say "$fake_gpu_note"
}

kind_kubeconfig() {
  [ -f "$kind_kubeconfig" ] || die "there is no kind cluster; make one by: CLUSTER=kind cluster/cluster up"
  say "$kind_kubeconfig"
}

kind_import() {
  local archive
  use_kind_tools
  for archive in "$@"; do "$tools/kind" load image-archive "$archive" --name "$kind_name"; done
}

kind_devices() { die "devices are made on the local cluster alone; write CLUSTER=local"; }

kind_node() { die "nodes are added to the local cluster alone; write CLUSTER=local"; }
