# shellcheck shell=bash disable=SC2034
# Where everything lies and which addresses are used. Nothing here is in the checkout.

cluster_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# Lives as long as the cluster does.
state_dir="${XDG_STATE_HOME:-$HOME/.local/state}/hone/cluster"
pki_dir="$state_dir/pki"
logs_dir="$state_dir/logs"
volumes_dir="$state_dir/volumes"
nodes_dir="$state_dir/nodes"
# A file with a device's name makes that device of the fake device plugin unhealthy.
unhealthy_dir="$state_dir/unhealthy"
# The kubelet has its socket for device plugins here, whatever its configuration says.
device_plugins_dir=/var/lib/kubelet/device-plugins
admin_kubeconfig="$state_dir/admin.kubeconfig"

# Sockets and process records: short (a socket's path is limited) and gone after a reboot.
run_dir=/run/hone-cluster

# Outlives the cluster: imported images, so that gigabytes are not unpacked twice.
image_store="${XDG_CACHE_HOME:-$HOME/.cache}/hone/cluster/containerd"
# Does not: beside it, for what added nodes have of these images are links.
added_stores="${XDG_CACHE_HOME:-$HOME/.cache}/hone/cluster/nodes"

# Remembers which provider `up` chose, for the other verbs.
provider_file="$state_dir/provider"

# A link of our own carries the node's address: it does not change with the machine's network, and
# nothing outside the machine reaches it.
node_link=hone0
nodes_network=10.245.0
host_ip=$nodes_network.1
dns_ip=$nodes_network.53
pods_network=10.244
# Both of them.
inside_networks=10.244.0.0/15
service_subnet=10.96.0.0/16
api_service_ip=10.96.0.1
dns_service_ip=10.96.0.10
etcd_port=23790
api_url="https://$host_ip:6443"

gpu_count=2
volume_count=20
# Nodes with this label have the folders of the volumes.
volumes_label=hone.dev/local-volumes=true

# What each node has of its own: these are the first one's, and in_node (added-nodes.sh) says others.
node_name=hone-local
node_suffix=
node_ip=$host_ip
pod_subnet=$pods_network.0.0/24
node_dir="$state_dir"
node_run="$run_dir"
config_dir="$node_dir/config"
kubelet_dir="$node_dir/kubelet"
containerd_root="$image_store"
containerd_socket="$node_run/containerd.sock"
# The cgroup that those of the pods are in.
node_cgroup=/
# Goes before a command that is to run on the node; the machine itself is the first one.
enter=()
