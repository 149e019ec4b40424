# shellcheck shell=bash
# What the cluster changes in the machine's network and kernel settings, and how it is taken back.

# kubelet, kube-proxy and CNI set these; `down` gives them back.
touched_settings=(net.ipv4.ip_forward vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes net.bridge.bridge-nf-call-iptables)

up_network() {
  save_settings
  local conflict
  conflict="$(ip route show to match "${pod_subnet%/*}" | grep -v -e '^default' -e " $node_link " -e ' veth' | head -1 || true)"
  [ -z "$conflict" ] || die "the machine has a route of its own for the pods' network $pod_subnet: $conflict; remove it or use CLUSTER=current"
  ip link show "$node_link" >/dev/null 2>&1 || ip link add "$node_link" type bridge
  ip link set "$node_link" up
  ip address replace "$host_ip/32" dev "$node_link"
  ip address replace "$dns_ip/32" dev "$node_link"
  sysctl -qw net.ipv4.ip_forward=1
  has_service_rule || ip rule add "${service_rule[@]}"
}

# A packet of a pod still has a service's address when it is routed only if nobody serves it (yet). It must not leave the machine, where
# another network may answer or swallow it: the pod is told at once that nobody is there.
service_rule=(priority 5000 from "$pod_subnet" to "$service_subnet" unreachable)

has_service_rule() { [ -n "$(ip rule list "${service_rule[@]:0:6}")" ]; }

save_settings() {
  [ -f "$run_dir/settings" ] && return 0
  local key
  mkdir -p "$run_dir"
  for key in "${touched_settings[@]}"; do
    printf '%s=%s\n' "$key" "$(sysctl -n "$key" 2>/dev/null)"
  done | grep -v '=$' >"$run_dir/settings.part"
  # Chains that were here before us stay.
  all_chains >"$run_dir/chains"
  mv "$run_dir/settings.part" "$run_dir/settings"
}

restore_settings() {
  [ -f "$run_dir/settings" ] || return 0
  local setting
  while read -r setting; do
    sysctl -qw "$setting" || say "could not set $setting back"
  done <"$run_dir/settings"
}

# "family table chain" for every chain that Kubernetes or CNI may have made.
all_chains() {
  local family table
  for family in iptables ip6tables; do
    for table in nat filter mangle raw; do
      "$family" -w -t "$table" -S 2>/dev/null | awk -v prefix="$family $table" '$1 == "-N" && $2 ~ /^(KUBE|CNI)-/ { print prefix, $2 }'
    done
  done
}

# Removes the chains that were not there before `up`, and every rule that jumps to one of them.
remove_chains() {
  [ -f "$run_dir/chains" ] || return 0
  local family table chain ours
  ours="$(all_chains | grep -vxFf "$run_dir/chains" || true)"
  [ -n "$ours" ] || return 0
  for family in iptables ip6tables; do
    for table in nat filter mangle raw; do
      mapfile -t chains < <(awk -v f="$family" -v t="$table" '$1 == f && $2 == t { print $3 }' <<<"$ours")
      [ "${#chains[@]}" -gt 0 ] || continue
      {
        printf '*%s\n' "$table"
        # Naming a chain here empties it, so that nothing refers to another one when it is deleted.
        for chain in "${chains[@]}"; do printf ':%s - [0:0]\n' "$chain"; done
        "$family" -w -t "$table" -S | awk '$1 == "-A" && $2 !~ /^(KUBE|CNI)-/ && /-j (KUBE|CNI)-/ { sub(/^-A/, "-D"); print }'
        for chain in "${chains[@]}"; do printf -- '-X %s\n' "$chain"; done
        printf 'COMMIT\n'
      } | "$family-restore" -w --noflush || say "could not remove our $family chains of table $table"
    done
  done
}

# The machine's side of an added node, whose machine has its own network: a port of our link, and the ways there and back.
up_node_network() {
  local port="$1" process="$2"
  ip link add "$port" type veth peer name eth0 netns "$process"
  ip link set "$port" mtu "$(outside_mtu)" master "$node_link" up
  ip route replace "$node_ip" dev "$node_link" src "$host_ip"
  ip route replace "$pod_subnet" via "$node_ip" dev "$node_link" src "$host_ip"
  # Its name is one of those that `down` takes away, whatever happened before.
  iptables -w -t nat -S "$outside_chain" >/dev/null 2>&1 || iptables -w -t nat -N "$outside_chain"
  iptables -w -t nat -C "$outside_chain" -j MASQUERADE 2>/dev/null || iptables -w -t nat -A "$outside_chain" -j MASQUERADE
  iptables -w -t nat -C POSTROUTING "${from_node_outside[@]}" 2>/dev/null || iptables -w -t nat -A POSTROUTING "${from_node_outside[@]}"

  "${enter[@]}" ip link set lo up
  "${enter[@]}" ip link set eth0 mtu "$(outside_mtu)" up
  "${enter[@]}" ip address add "$node_ip/32" dev eth0
  "${enter[@]}" ip route add "$nodes_network.0/24" dev eth0
  "${enter[@]}" ip route add default via "$host_ip"
  "${enter[@]}" sysctl -qw net.ipv4.ip_forward=1
  "${enter[@]}" ip rule add "${service_rule[@]}"
}

# Pods have left their own address behind on their node: further out, the node's is not known either.
outside_chain=CNI-HONE-NODES

down_node_network() {
  # The kernel may be about to delete it by itself.
  ip link delete "$1" 2>/dev/null || true
  ip route delete "$pod_subnet" via "$node_ip" 2>/dev/null || true
  ip route delete "$node_ip" dev "$node_link" 2>/dev/null || true
  iptables -w -t nat -D POSTROUTING "${from_node_outside[@]}" 2>/dev/null || true
}

down_network() {
  remove_chains
  ! has_service_rule || ip rule delete "${service_rule[@]}"
  ip link show "$node_link" >/dev/null 2>&1 && ip link delete "$node_link"
  restore_settings
}
