# shellcheck shell=bash
# CLUSTER=local: a real node out of processes on this machine, and others beside it where they are asked for.

# Raise it when a cluster that was started by an older version of these files can't be gone on with.
layout=2
pause_image=localhost/hone-pause:1
local_tools=etcd,kube-apiserver,kubectl,kube-controller-manager,kube-scheduler,kubelet,kube-proxy,coredns,sandboxes,pause

local_programs() { "$cluster_dir/bin/kube-tools" --only "$local_tools,helm"; }

local_packages() { "$cluster_dir/bin/prerequisites" --list; }

stamp() { printf '%s %s %s' "$layout" "$tools" "$(cat /proc/sys/kernel/random/boot_id)"; }

is_whole() {
  local name
  [ -f "$state_dir/complete" ] && [ "$(cat "$state_dir/complete")" = "$(stamp)" ] || return 1
  for name in $(all_components); do alive "$name" || return 1; done
}

local_up() {
  local began=$SECONDS
  "$cluster_dir/bin/prerequisites" --install
  tools="$("$cluster_dir/bin/kube-tools" --only "$local_tools")"
  if is_whole && kube get --raw /readyz >/dev/null 2>&1; then
    # What may have changed without a process dying: released volumes, and a node that was made again.
    up_storage
    has_fake_gpus "$node_name" || fake_gpus "$node_name"
    up_added_nodes
    say "the local cluster is up already"
    print_usage
    return 0
  fi
  if [ -f "$state_dir/complete" ] && [ "$(cat "$state_dir/complete")" = "$(stamp)" ] && any_alive; then
    say "repairing the local cluster: $(dead_components)"
  else
    if [ -e "$state_dir/pki" ] || [ -e "$run_dir" ]; then
      say "removing what an earlier cluster left"
      local_teardown
    fi
    refuse_a_second_kubelet
  fi
  mkdir -p "$state_dir" "$run_dir" "$logs_dir" "$config_dir"
  printf 'local\n' >"$provider_file"
  up_network
  write_node_config
  make_certificates
  # It starts beside the control plane, which does not need it.
  start_containerd
  say "starting etcd, API server, controller manager and scheduler"
  up_control_plane
  kube apply -f "$cluster_dir/manifests/dns.yaml" >/dev/null
  say "starting containerd, kubelet, kube-proxy and CoreDNS"
  start_dns
  up_node
  wait_for 180 coredns "CoreDNS has read the cluster's services" dns_is_ready
  up_storage
  up_gpus "$node_name"
  wait_for 180 kube-controller-manager "service accounts are made" kube -n default get serviceaccount default
  up_added_nodes
  stamp >"$state_dir/complete"
  say "the local cluster is up after $((SECONDS - began)) s"
  print_usage
}

dead_components() {
  local name dead=()
  for name in $(all_components); do alive "$name" || dead+=("$name"); done
  if [ "${#dead[@]}" -eq 0 ]; then printf 'the API server does not answer'; else printf '%s not running' "${dead[*]}"; fi
}

refuse_a_second_kubelet() {
  local paths
  paths="$(pod_cgroups)"
  [ -z "$paths" ] || die "another kubelet seems to run pods on this machine (there is $(head -1 <<<"$paths")); use CLUSTER=current for its cluster"
}

print_usage() {
  say "  export KUBECONFIG=$admin_kubeconfig"
  say "  export PATH=$tools:\$PATH   # kubectl"
}

local_down() {
  if [ ! -e "$run_dir" ] && [ ! -e "$state_dir" ]; then
    say "there is no local cluster"
    return 0
  fi
  local began=$SECONDS
  tools="$("$cluster_dir/bin/kube-tools" --only kubectl,sandboxes)"
  local_teardown
  say "the local cluster is down after $((SECONDS - began)) s; images stay in $image_store"
}

local_teardown() {
  down_added_nodes
  stop fakegpus kubelet kube-proxy coredns kube-scheduler kube-controller-manager
  down_pods
  stop kube-apiserver
  stop etcd containerd
  down_leftovers
  down_kubelet_leftovers
  down_network
  rm -rf "$run_dir" "$state_dir"
}

local_status() {
  local name running=0 all
  if [ ! -d "$run_dir" ]; then
    say "the local cluster is down"
    return 1
  fi
  tools="$("$cluster_dir/bin/kube-tools" --only kubectl)"
  mapfile -t all < <(all_components)
  for name in "${all[@]}"; do
    if alive "$name"; then
      printf '  %-24s running, pid %s\n' "$name" "$(pid_of "$name")"
      running=$((running + 1))
    else
      printf '  %-24s not running; its log: %s\n' "$name" "$logs_dir/$name.log"
    fi
  done
  # shellcheck disable=SC2046 # one word for each node
  if [ "$running" -eq "${#all[@]}" ] && kube get nodes "$node_name" $(added_nodes) -o wide; then
    say "$fake_gpu_note"
    print_usage
  else
    say "the local cluster is not whole; 'cluster up' repairs it"
    return 1
  fi
}

local_kubeconfig() {
  [ -f "$admin_kubeconfig" ] || die "there is no local cluster; make one by: cluster/cluster up"
  say "$admin_kubeconfig"
}

# What the device plugin counts is the kubelet's doing, not a patch of the node's status.
local_devices() {
  local offer
  alive kubelet || die "the local cluster is down; bring it up first: cluster/cluster up"
  tools="$("$cluster_dir/bin/kube-tools" --only kubectl,fakegpus)"
  stop fakegpus
  if [ "$1" = none ]; then
    [ $# -eq 1 ] || die "none stands alone; write cluster devices none"
    rm -rf "$unhealthy_dir"
    return 0
  fi
  start fakegpus "$tools/fakegpus" --unhealthy "$unhealthy_dir" "$@"
  for offer in "$@"; do
    wait_for 90 fakegpus "the node offers $offer" node_offers "${offer%=*}" "${offer#*=}"
  done
}

# node_offers RESOURCE COUNT
node_offers() {
  [ "$(kube get node "$node_name" -o json | jq -r --arg name "$1" '.status.allocatable[$name] // "0"')" = "$2" ]
}

local_import() {
  local archive name
  alive containerd || die "the local cluster is down; bring it up first: cluster/cluster up"
  for archive in "$@"; do
    import_archive "$archive"
    for name in $(added_nodes); do
      ! alive "containerd-$name" || in_node "$name" import_archive "$archive"
    done
  done
}
