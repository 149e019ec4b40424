# shellcheck shell=bash disable=SC2034
# Nodes beside the first one, on the same machine: each has network and mounts of its own, held by one process, its
# "machine", and containerd, kubelet and kube-proxy in there. Nothing of this is made unless it is asked for.

default_added_node=hone-local-2

added_nodes() {
  [ ! -d "$nodes_dir" ] || find "$nodes_dir" -mindepth 2 -maxdepth 2 -name number -printf '%h\n' | sed 's|.*/||' | sort
}

is_added() { [ -f "$nodes_dir/$1/number" ]; }

# all_components prints what is to run: that of the first node and of the cluster, then that of each added node.
all_components() {
  local name
  printf '%s\n' "${components[@]}"
  for name in $(added_nodes); do in_node "$name" node_components; done
}

node_components() { printf "%s$node_suffix\n" machine containerd kubelet kube-proxy; }

# in_node NAME COMMAND… runs COMMAND with the settings of an added node in place of the first one's (paths.sh).
in_node() {
  local node_name="$1" number
  shift
  number="$(cat "$nodes_dir/$node_name/number")"
  local node_suffix="-$node_name" node_ip="$nodes_network.$number" pod_subnet="$pods_network.$((number - 1)).0/24"
  local node_dir="$nodes_dir/$node_name" node_run="$run_dir/nodes/$node_name" containerd_root="$added_stores/$node_name"
  local config_dir="$node_dir/config" kubelet_dir="$node_dir/kubelet" containerd_socket="$node_run/containerd.sock"
  # It begins as those of pods do, so that whoever looks for these finds it.
  local node_cgroup="/kubepods-$node_name" node_port="hone$number"
  local service_rule=(priority 5000 from "$pod_subnet" to "$service_subnet" unreachable)
  local from_node_outside=(-s "$node_ip/32" '!' -d "$inside_networks" -j "$outside_chain")
  # Without its machine nothing may run: it would run on the first one.
  local enter=(false)
  ! alive "machine$node_suffix" || enter_machine
  "$@"
}

enter_machine() { enter=(nsenter --target "$(pid_of "machine$node_suffix")" --mount --net --); }

local_node() {
  local act="${1:-}"
  [ $# -eq 0 ] || shift
  case "$act" in
    add) [ $# -le 1 ] || die "add takes one name; write cluster node add [NAME]" ;;
    remove) [ $# -eq 1 ] || die "remove needs a name; write cluster node remove NAME" ;;
    kill) [ $# -eq 1 ] || [ $# -eq 2 ] || die "kill needs a name; write cluster node kill NAME [kubelet|kube-proxy|containerd]" ;;
    *) die "write cluster node add [NAME], cluster node remove NAME, or cluster node kill NAME [PROCESS]" ;;
  esac
  alive kube-apiserver || die "the local cluster is down; bring it up first: cluster/cluster up"
  tools="$("$cluster_dir/bin/kube-tools" --only "$local_tools")"
  "node_$act" "$@"
}

node_add() {
  local name="${1:-$default_added_node}" began=$SECONDS
  [[ "$name" =~ ^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$ ]] || die "a node cannot be called $name; write up to 30 small letters, digits and dashes"
  [ "$name" != "$node_name" ] || die "$name is the first node; choose another name"
  is_added "$name" || number_node "$name"
  in_node "$name" up_added_node
  say "the node $name is up after $((SECONDS - began)) s"
}

number_node() {
  local number=2
  while cat "$nodes_dir"/*/number 2>/dev/null | grep -qx "$number"; do number=$((number + 1)); done
  [ "$number" -le 9 ] || die "there are eight added nodes already; remove one: cluster/cluster node remove NAME"
  mkdir -p "$nodes_dir/$1"
  printf '%s\n' "$number" >"$nodes_dir/$1/number"
}

# Also repairs one.
up_added_node() {
  if ! alive "machine$node_suffix" || [ ! -f "$node_run/connected" ]; then
    kill_added_node
    up_machine
  fi
  write_added_node_config
  [ -f "$containerd_root/complete" ] || share_images
  # A kubelet makes its Node when it starts, and never again.
  [ -n "$(kube get node "$node_name" --ignore-not-found -o name)" ] || stop "kubelet$node_suffix"
  up_node
  fake_gpus "$node_name"
  wait_for 30 - "the node $node_name advertises its fake GPUs" has_fake_gpus "$node_name"
}

# What would not come to an end without it: network, mounts and cgroups. Where programs would meet in folders that they do not let one choose, this node
# has its own.
up_machine() {
  local folder mount
  mkdir -p "$node_run" /run/containerd /var/lib/kubelet /var/log/containers
  start "machine$node_suffix" unshare --mount --net --propagation private sleep infinity
  wait_for 10 "machine$node_suffix" "the machine of $node_name is apart" is_apart
  enter_machine
  our_mounts | while read -r mount; do "${enter[@]}" umount -l "$mount"; done
  for folder in /run/containerd /var/lib/kubelet /var/log/containers; do "${enter[@]}" mount -t tmpfs hone "$folder"; done
  cgroup_hierarchies | while read -r folder; do mkdir -p "$folder$node_cgroup"; done
  up_node_network "$node_port" "$(pid_of "machine$node_suffix")"
  touch "$node_run/connected"
}

# unshare has done its work when it has become the program that it was to run.
is_apart() { [ "$(readlink "/proc/$(pid_of "machine$node_suffix")/exe")" = "$(readlink -f "$(command -v sleep)")" ]; }

cgroup_hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts; }

write_added_node_config() {
  write_node_config
  [ -f "$pki_dir/kubelet$node_suffix.crt" ] || make_kubelet_certificate
  write_kubeconfig "kubelet$node_suffix" "$config_dir/kubelet.kubeconfig"
  write_kubeconfig kube-proxy "$config_dir/kube-proxy.kubeconfig"
}

# The first node's images, at no cost in time or disk: gigabytes lie unpacked already, and containerd never changes what it has unpacked. So this node
# gets its lists of them and links to them; what it deletes of them is the links.
share_images() {
  local content=io.containerd.content.v1.content unpacked=io.containerd.snapshotter.v1.overlayfs lists=io.containerd.metadata.v1.bolt
  rm -rf "$containerd_root"
  mkdir -p "$containerd_root"/{"$content","$unpacked/snapshots","$lists"}
  # Before the lists, in which the next number of a snapshot must be free.
  find "$image_store/$unpacked/snapshots" -mindepth 1 -maxdepth 1 -name '[0-9]*' -exec ln -s -t "$containerd_root/$unpacked/snapshots" {} +
  cp --archive --link "$image_store/$content/blobs" "$containerd_root/$content/"
  copy_database "$lists/meta.db"
  copy_database "$unpacked/metadata.db"
  forget_containers
  touch "$containerd_root/complete"
}

# What is the same at two times was not written to between them.
copy_database() {
  local from="$image_store/$1" to="$containerd_root/$1"
  wait_for 30 - "$1 is copied between two changes" copy_is_true "$from" "$to"
}

copy_is_true() { cp "$1" "$2" && cmp -s "$1" "$2"; }

# The lists have the first node's containers too. They must be gone before the part that deals with pods looks at them: it would take down their networks.
forget_containers() {
  local containers
  sed 's/^disabled_plugins = \[/&"io.containerd.grpc.v1.cri", /' "$config_dir/containerd.toml" >"$config_dir/containerd-alone.toml"
  start "containerd$node_suffix" "${enter[@]}" containerd --config "$config_dir/containerd-alone.toml"
  wait_for 60 "containerd$node_suffix" "containerd answers" containerd_answers
  mapfile -t containers < <(ctr --address "$containerd_socket" --namespace k8s.io containers list -q)
  [ "${#containers[@]}" -eq 0 ] || ctr --address "$containerd_socket" --namespace k8s.io containers rm "${containers[@]}"
  stop "containerd$node_suffix"
}

# As a power cut would: nothing on it has time for a word. `node add` starts it again.
node_kill() {
  local name="$1" process="${2:-}"
  is_added "$name" || die "there is no added node $name$(list_added_nodes)"
  case "$process" in
    "") in_node "$name" kill_added_node ;;
    kubelet | kube-proxy | containerd) stop_dead "$process-$name" ;;
    *) die "a node has no process $process; write cluster node kill NAME [kubelet|kube-proxy|containerd]" ;;
  esac
  say "${process:+$process of }$name is dead; this starts it again: cluster/cluster node add $name"
}

list_added_nodes() {
  local names
  names="$(added_nodes | tr '\n' ' ')"
  [ -z "$names" ] || printf '; there are: %s' "${names% }"
}

kill_added_node() {
  stop_dead "kubelet$node_suffix" "kube-proxy$node_suffix" "containerd$node_suffix"
  kill_containers
  # Its mounts and its network go with the last process that had them.
  stop_dead "machine$node_suffix"
  enter=(false)
  remove_pod_cgroups
  down_node_network "$node_port"
  rm -rf "$node_run"
}

# Its pods are asked to go first, so that what replaces them does so while they end.
node_remove() {
  local name="$1" began=$SECONDS
  is_added "$name" || die "there is no added node $name$(list_added_nodes)"
  if alive "kubelet-$name" && alive "containerd-$name"; then
    kube drain "$name" --ignore-daemonsets --delete-emptydir-data --force --disable-eviction --timeout 45s >/dev/null 2>&1 ||
      say "some pods of $name did not go by themselves; going on"
  fi
  in_node "$name" down_added_node
  kube delete node "$name" --ignore-not-found >/dev/null
  say "the node $name is gone after $((SECONDS - began)) s"
}

down_added_node() {
  stop "kubelet$node_suffix" "kube-proxy$node_suffix"
  ! alive "machine$node_suffix" || down_pods
  kill_added_node
  rm -rf "$node_dir" "$containerd_root" "$pki_dir/kubelet$node_suffix".*
  rmdir "$added_stores" "$nodes_dir" "$run_dir/nodes" 2>/dev/null || true
}

down_added_nodes() {
  local name
  for name in $(added_nodes); do in_node "$name" down_added_node; done
  # Those of a cluster whose state is gone.
  rm -rf "$added_stores"
}

up_added_nodes() {
  local name
  for name in $(added_nodes); do in_node "$name" up_added_node; done
}
