# shellcheck shell=bash disable=SC2034
# Where everything lies and which addresses are used. Nothing here is in the checkout.

cluster_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# Lives as long as the cluster does.
state_dir="${XDG_STATE_HOME:-$HOME/.local/state}/hone/cluster"
pki_dir="$state_dir/pki"
config_dir="$state_dir/config"
logs_dir="$state_dir/logs"
volumes_dir="$state_dir/volumes"
kubelet_dir="$state_dir/kubelet"
# A file with a device's name makes that device of the fake device plugin unhealthy.
unhealthy_dir="$state_dir/unhealthy"
# The kubelet has its socket for device plugins here, whatever its configuration says.
device_plugins_dir=/var/lib/kubelet/device-plugins
admin_kubeconfig="$state_dir/admin.kubeconfig"

# Sockets and process records: short (a socket's path is limited) and gone after a reboot.
run_dir=/run/hone-cluster
containerd_socket="$run_dir/containerd.sock"

# Outlives the cluster: imported images, so that gigabytes are not unpacked twice.
containerd_root="${XDG_CACHE_HOME:-$HOME/.cache}/hone/cluster/containerd"

# Remembers which provider `up` chose, for the other verbs.
provider_file="$state_dir/provider"

node_name=hone-local
# A link of our own carries the node's address: it does not change with the machine's network, and
# nothing outside the machine reaches it.
node_link=hone0
node_ip=10.245.0.1
dns_ip=10.245.0.53
pod_subnet=10.244.0.0/24
service_subnet=10.96.0.0/16
api_service_ip=10.96.0.1
dns_service_ip=10.96.0.10
etcd_port=23790
api_url="https://$node_ip:6443"

gpu_count=2
volume_count=20
