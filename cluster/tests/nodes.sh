# shellcheck shell=bash
# A node that is added: what runs on it, what becomes of it when it dies, and what is left of it.

second=second
there="{\"spec\": {\"nodeSelector\": {\"kubernetes.io/hostname\": \"$second\"}}}"
here_only="{\"spec\": {\"nodeSelector\": {\"kubernetes.io/hostname\": \"$node_name\"}}}"

bad_nodes_are_refused() {
  refuse "node needs an act" "$here/cluster" node
  refuse "write cluster node add [NAME], cluster node remove NAME" "$here/cluster" node grow second
  refuse "remove needs a name" "$here/cluster" node remove
  refuse "cannot be called No_Node" "$here/cluster" node add No_Node
  refuse "$node_name is the first node" "$here/cluster" node add "$node_name"
  refuse "there is no added node nowhere" "$here/cluster" node remove nowhere
  refuse "there is no added node nowhere" "$here/cluster" node kill nowhere
}

node_is_added() {
  expect "the node $second is up" "$here/cluster" node add "$second"
  k wait --timeout 5s --for condition=Ready "node/$second"
  expect "kubelet-$second" "$here/cluster" status
  expect "Hone-Fake-GPU" k get node "$second" -o jsonpath='{.metadata.labels.nvidia\.com/gpu\.product}'
  refuse "a node has no process sshd" "$here/cluster" node kill "$second" sshd
}

# The logs come from its kubelet, by way of the API server.
pods_there_reach_everything() {
  expect '"gitVersion": "v1.' run_pod far-by-address "$there" api "$api_service_ip"
  expect '"gitVersion": "v1.' run_pod far-by-name "$there" api kubernetes.default.svc
  expect "served by the probe" run_pod far-by-service "$there" get http://server.default/
  expect "served by the probe" run_pod far-by-pod "$there" get "http://$(k get pod server -o jsonpath='{.status.podIP}'):8000/"
  runs_on far-by-pod "$second"
}

pods_there_are_reached() {
  pod far-server "$there" serve :8000
  k create service clusterip far-server --tcp 80:8000 >/dev/null
  k wait --timeout 180s --for condition=Ready pod/far-server
  expect "served by the probe" run_pod near-client "$here_only" get http://far-server.default/
  runs_on near-client "$node_name"
  expect "is $api_service_ip" k exec far-server -- /probe resolve kubernetes
  refuse "network is unreachable" k exec far-server -- /probe get "http://${service_subnet%.0.0/16}.200.200/"
}

runs_on() { [ "$(k get pod "$1" -o jsonpath='{.spec.nodeName}')" = "$2" ]; }

volumes_are_there_too() {
  local volume
  k apply -f - <<<"$claim" >/dev/null
  expect "uid 10001 wrote /data/file" run_pod far-writer "$(jq -n --argjson a "$non_root" --argjson b "$there" '$a * $b')" write /data/file "from afar"
  volume="$(k get persistentvolumeclaim data -o jsonpath='{.spec.volumeName}')"
  [ "$(cat "$volumes_dir/$volume/file")" = "from afar" ]
  k delete pod far-writer --wait >/dev/null
  k delete persistentvolumeclaim data --wait >/dev/null
}

images_come_there_too() {
  local probe_image=localhost/hone-probe:later archive="$work/later.oci.tar"
  oci_archive "$(scratch_image "$tools/probe" "$probe_image")" "$archive" "$probe_image"
  "$here/cluster" import "$archive"
  expect "is $api_service_ip" run_pod far-later "$there" resolve kubernetes
  k delete pod far-later --wait >/dev/null
  remove_image "$probe_image"
}

far_kubelet_comes_back() {
  local before
  before="$(containers_of far-server)"
  "$here/cluster" node kill "$second" kubelet
  refuse "kubelet-$second" "$here/cluster" status
  expect "the node $second is up" "$here/cluster" node add "$second"
  [ "$(containers_of far-server)" = "$before" ]
  wait_for 60 - "the first node reaches the server there" k exec server -- /probe get http://far-server.default/
  expect "is $api_service_ip" run_pod far-again "$there" resolve kubernetes
}

containers_of() { k get pod "$1" -o jsonpath='{.metadata.uid} {.status.containerStatuses[*].containerID}'; }

dead_node_comes_back() {
  local before
  before="$(records_of_others)"
  "$here/cluster" node kill "$second"
  # Its disk stays.
  [ -z "$(traces_of_second | grep -vF -e "$nodes_dir" -e "$added_stores" || true)" ]
  refuse "machine-$second" "$here/cluster" status
  expect "repairing the local cluster: machine-$second" "$here/cluster" up
  # What ran there has ended, and it was told so; the first node has not noticed.
  await_phase far-server Failed
  [ "$(records_of_others)" = "$before" ]
  phase_is server Running
  expect "served by the probe" run_pod far-after "$there" get http://server.default/
}

records_of_others() { records | grep -v "^[a-z-]*-$second:"; }

removed_node_leaves_nothing() {
  "$here/cluster" node remove "$second"
  refuse "not found" k get node "$second"
  [ -z "$(traces_of_second)" ]
  "$here/cluster" status
  phase_is server Running
  expect "is $api_service_ip" run_pod near-after '{}' resolve kubernetes
}

# What there is of it, if anything: a line each.
traces_of_second() {
  {
    for process in /proc/[0-9]*; do
      ! tr '\0' ' ' <"$process/cmdline" | grep -e "nodes/$second/"
    done
    find /sys/fs/cgroup -maxdepth 3 -name "kubepods-$second"
    find "$nodes_dir" "$added_stores"
    find "$run_dir/nodes" -mindepth 1
    ip -brief link | grep -E '^hone[2-9]'
    ip route | grep -E -e "^$pods_network\.[1-9]" -e "^$nodes_network\."
    iptables -w -t nat -S POSTROUTING | grep CNI-HONE-NODES
  } 2>/dev/null || true
}
