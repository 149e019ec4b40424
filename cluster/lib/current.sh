# shellcheck shell=bash
# CLUSTER=current: the cluster that the user's kubectl already talks to. Nothing of it is changed.

current_kubectl() {
  tools="$("$cluster_dir/bin/kube-tools" --only kubectl)"
  "$tools/kubectl" "$@"
}

current_programs() { "$cluster_dir/bin/kube-tools" --only kubectl,helm; }

current_packages() { :; }

current_up() {
  local context
  context="$(current_kubectl config current-context 2>/dev/null)" ||
    die "the kubeconfig has no current context; choose one by 'kubectl config use-context NAME', or use CLUSTER=local"
  current_kubectl get --raw /readyz >/dev/null || die "the cluster of context $context does not answer"
  mkdir -p "$state_dir"
  printf 'current\n' >"$provider_file"
  say "using the cluster of context $context as it is"
}

current_down() {
  rm -f "$provider_file"
  say "the current context's cluster is not ours and stays as it is"
}

current_status() { current_kubectl get nodes -o wide; }

current_kubeconfig() { say "${KUBECONFIG:-$HOME/.kube/config}"; }

current_import() {
  die "images can't be imported into a cluster that is not ours; push them to a registry that it can pull from"
}

current_devices() { die "devices are made on the local cluster alone; write CLUSTER=local"; }

current_node() { die "nodes are added to the local cluster alone; write CLUSTER=local"; }
