# shellcheck shell=bash
# The configuration files of containerd, CNI, kubelet, kube-proxy and CoreDNS.

write_node_config() {
  mkdir -p "$config_dir/cni"
  containerd_config >"$config_dir/containerd.toml"
  cni_config >"$config_dir/cni/10-hone.conflist"
  kubelet_config >"$config_dir/kubelet.yaml"
  # kube-proxy ends when its file is written to.
  [ "$(cat "$config_dir/kube-proxy.yaml" 2>/dev/null)" = "$(kube_proxy_config)" ] || kube_proxy_config >"$config_dir/kube-proxy.yaml"
}

cni_plugins() {
  local dir
  for dir in /usr/lib/cni /opt/cni/bin; do
    [ -x "$dir/ptp" ] && printf '%s' "$dir" && return 0
  done
  return 1
}

containerd_config() {
  # restrict_oom_score_adj: without CAP_SYS_RESOURCE every sandbox would die when runc lowers its score.
  # netns_mounts_under_state_dir: network namespaces lie where `down` finds them and nobody else's.
  cat <<TOML
version = 2
root = "$containerd_root"
state = "$node_run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$containerd_socket"
[plugins."io.containerd.internal.v1.opt"]
  path = "$node_run/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(cni_plugins)"
    conf_dir = "$config_dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
TOML
}

# ptp routes to each pod instead of bridging, so that services work without br_netfilter. The subnet is that of all
# nodes' pods, whose own addresses reach one another, and the range is what this node has of it.
cni_config() {
  local range="${pod_subnet%.*}"
  cat <<JSON
{
  "cniVersion": "1.0.0",
  "name": "hone",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": true,
      "mtu": $(outside_mtu),
      "ipam": {
        "type": "host-local",
        "dataDir": "$node_run/ipam",
        "ranges": [[{ "subnet": "$pods_network.0.0/16", "gateway": "$range.1", "rangeStart": "$range.2", "rangeEnd": "$range.254" }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
JSON
}

# A pod's packets leave through the default route's link and must fit it.
outside_mtu() {
  local link mtu=1500
  link="$(ip -json route show default | jq -r '.[0].dev // empty')"
  [ -z "$link" ] || mtu="$(cat "/sys/class/net/$link/mtu")"
  printf '%s' "$mtu"
}

# With systemd-resolved, /etc/resolv.conf names an address that only the host can reach.
host_resolv_conf() {
  local resolved=/run/systemd/resolve/resolv.conf
  if [ -f "$resolved" ]; then printf '%s' "$resolved"; else printf '%s' /etc/resolv.conf; fi
}

kubelet_config() {
  # Images are the user's data here: they are not collected, and only a disk that is nearly full evicts.
  cat <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
healthzBindAddress: 127.0.0.1
authentication:
  anonymous: { enabled: false }
  webhook: { enabled: true }
  x509: { clientCAFile: $pki_dir/ca.crt }
authorization: { mode: Webhook }
tlsCertFile: $pki_dir/kubelet$node_suffix.crt
tlsPrivateKeyFile: $pki_dir/kubelet$node_suffix.key
containerRuntimeEndpoint: unix://$containerd_socket
cgroupDriver: cgroupfs
cgroupRoot: $node_cgroup
failCgroupV1: false
failSwapOn: false
clusterDomain: cluster.local
clusterDNS: [$dns_service_ip]
resolvConf: $(host_resolv_conf)
podLogsDir: $node_dir/pod-logs
volumePluginDir: $node_dir/volume-plugins
makeIPTablesUtilChains: false
serializeImagePulls: false
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard:
  memory.available: 100Mi
  nodefs.available: 1%
  nodefs.inodesFree: 1%
  imagefs.available: 1%
YAML
}

kube_proxy_config() {
  # conntrack 0 and localhostNodePorts false: leave the machine's own settings alone.
  cat <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: $node_name
bindAddress: 0.0.0.0
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clientConnection: { kubeconfig: $config_dir/kube-proxy.kubeconfig }
clusterCIDR: $pod_subnet
iptables: { localhostNodePorts: false }
conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
YAML
}

coredns_config() {
  local forward=""
  # CoreDNS runs on the host, so it may ask whatever resolver the host asks.
  ! grep -q '^nameserver' /etc/resolv.conf || forward="forward . /etc/resolv.conf"
  cat <<COREFILE
.:53 {
    bind $dns_ip
    errors
    health 127.0.0.1:18080
    ready 127.0.0.1:18181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig $config_dir/coredns.kubeconfig
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }
    $forward
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loop
    loadbalance
}
COREFILE
}
