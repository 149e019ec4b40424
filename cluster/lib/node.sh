# shellcheck shell=bash
# containerd, kubelet, kube-proxy and CoreDNS, and what they leave when they are killed.

start_containerd() {
  mkdir -p "$containerd_root" "$node_run/containerd"
  start "containerd$node_suffix" "${enter[@]}" containerd --config "$config_dir/containerd.toml"
}

containerd_answers() { ctr --address "$containerd_socket" version; }

start_node_agents() {
  mkdir -p "$kubelet_dir" "$node_dir/pod-logs" "$node_dir/volume-plugins"
  start "kubelet$node_suffix" "${enter[@]}" "$tools/kubelet" --config "$config_dir/kubelet.yaml" --kubeconfig "$config_dir/kubelet.kubeconfig" \
    --root-dir "$kubelet_dir" --hostname-override "$node_name" --node-ip "$node_ip" --node-labels "$volumes_label"
  start "kube-proxy$node_suffix" "${enter[@]}" "$tools/kube-proxy" --config "$config_dir/kube-proxy.yaml"
}

start_dns() {
  coredns_config >"$config_dir/Corefile"
  start coredns "$tools/coredns" -conf "$config_dir/Corefile"
}

kubelet_is_healthy() { "${enter[@]}" curl -fsS --max-time 2 http://127.0.0.1:10248/healthz; }
dns_is_ready() { curl -fsS --max-time 2 http://127.0.0.1:18181/ready; }
proxy_is_healthy() { "${enter[@]}" curl -fsS --max-time 2 http://127.0.0.1:10256/healthz; }

# The node says Ready, and its kubelet said so after it was (re)started: an old word does not count. It says so in the node's status at once and in its lease when
# that is next due, which is ten seconds later for a node that is new.
node_is_ready() {
  local started ready said
  started="$(stat -c %Y "$run_dir/pids/kubelet$node_suffix")" || return 1
  ready="$(kube get node "$node_name" -o jsonpath='{range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}')" || return 1
  [[ "$ready" == "True "* ]] || return 1
  for said in "${ready#True }" "$(kube -n kube-node-lease get lease "$node_name" --ignore-not-found -o jsonpath='{.spec.renewTime}')"; do
    [[ -z "$said" ]] || [ "$(date -d "$said" +%s)" -lt "$started" ] || return 0
  done
  return 1
}

up_node() {
  start_containerd
  wait_for 180 "containerd$node_suffix" "containerd answers" containerd_answers
  import_pause_image
  start_node_agents
  wait_for 180 "kubelet$node_suffix" "the kubelet is healthy" kubelet_is_healthy
  wait_for 180 "kubelet$node_suffix" "the node $node_name is Ready" node_is_ready
  wait_for 180 "kube-proxy$node_suffix" "kube-proxy is healthy" proxy_is_healthy
}

# Pods go through the runtime, so that it undoes their networks and mounts itself.
down_pods() {
  # Without its configuration containerd never ran here.
  [ -f "$config_dir/containerd.toml" ] || return 0
  start_containerd
  wait_for 180 "containerd$node_suffix" "containerd answers" containerd_answers
  "$tools/sandboxes" "unix://$containerd_socket" >/dev/null || say "some pods did not go by themselves; going on"
}

# What a crash may have left of the node: shims, containers without one, mounts, cgroups.
down_leftovers() {
  local path
  kill_containers
  our_mounts | while read -r path; do umount -l "$path" || say "could not unmount $path"; done
  remove_pod_cgroups
}

kill_containers() {
  local pid path
  for pid in $(pgrep -f -- "containerd-shim.*-address $containerd_socket" || true); do kill -KILL "$pid" 2>/dev/null || true; done
  for path in $(pod_cgroups); do
    while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done <"$path/cgroup.procs"
  done
}

remove_pod_cgroups() {
  local path
  for path in $(pod_cgroups); do
    wait_for 10 - "the processes of $path are gone" cgroup_is_empty "$path"
    rmdir "$path" || say "could not remove the cgroup $path"
  done
}

# Of the first node: what the kubelet keeps in folders of the machine.
down_kubelet_leftovers() {
  find /var/log/containers -maxdepth 1 -type l -lname "$state_dir/*" -delete 2>/dev/null || true
  rm -f "$device_plugins_dir"/hone-fake-*.sock
  # Which devices pods have; ours, if it was written since our kubelet got its configuration.
  [ ! "$device_plugins_dir/kubelet_internal_checkpoint" -nt "$config_dir/kubelet.yaml" ] || rm -f "$device_plugins_dir/kubelet_internal_checkpoint"
  # The kubelet makes these whatever its configuration says; another's are not empty.
  rmdir /var/log/containers "$device_plugins_dir" /var/lib/kubelet 2>/dev/null || true
}

cgroup_is_empty() { [ ! -s "$1/cgroup.procs" ] || [ -z "$(cat "$1/cgroup.procs")" ]; }

# Deepest first, below every hierarchy (cgroup v1 has one for each controller, v2 a single one). Those of all nodes where the first one asks.
pod_cgroups() {
  local top="${node_cgroup%/}"
  find /sys/fs/cgroup -maxdepth 6 -depth -type d \( -path "*${top:-/kubepods*}" -o -path "*${top:-/kubepods*}/*" \) 2>/dev/null || true
}

our_mounts() {
  "${enter[@]}" cat /proc/self/mounts | cut -d ' ' -f 2 | grep -e "^$state_dir/" -e "^$run_dir/" -e "^$containerd_root/" | sort -r || true
}
