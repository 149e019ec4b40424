# shellcheck shell=bash
# What up and down do after something went wrong, and what is left.

records() { (cd "$run_dir/pids" && grep . -- *); }

second_up_changes_nothing() {
  local before
  before="$(records)"
  expect "is up already" "$here/cluster" up
  [ "$(records)" = "$before" ]
  phase_is server Running
}

# kill_component NAME… as a crash would, and waits until they are gone.
kill_component() {
  local name pid
  for name in "$@"; do
    read -r pid _ <"$run_dir/pids/$name"
    kill -KILL "$pid"
    wait_for 60 - "$name is gone" is_dead "$name"
  done
}

is_dead() { ! alive "$1"; }

still_works() {
  local pod="$1"
  phase_is server Running
  # A kubelet that starts takes a pod for not ready until its probe has been asked again.
  wait_for 120 - "the server answers through its service" k exec server -- /probe get http://server.default/
  expect "uid 0 wrote" run_pod "$pod" '{"spec": {"volumes": [{"name": "tmp", "emptyDir": {}}]}, "container": {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    "resources": {"limits": {"nvidia.com/gpu": 1}}}}' write /tmp/file text
}

up_repairs_killed_processes() {
  kill_component kubelet kube-apiserver
  refuse "kubelet                  not running" "$here/cluster" status
  expect "repairing the local cluster: kube-apiserver kubelet not running" "$here/cluster" up
  still_works after-first-repair
}

up_repairs_killed_stores() {
  kill_component containerd etcd
  expect "repairing the local cluster: containerd etcd not running" "$here/cluster" up
  still_works after-second-repair
}

same_machine() {
  local after="$work/after"
  machine_state >"$after"
  diff "$work/before" "$after"
}

down_leaves_nothing() {
  "$here/cluster" down
  same_machine
}

second_down_is_content() { expect "there is no local cluster" "$here/cluster" down; }

up_after_killed_up() {
  local up
  setsid "$here/cluster" up >"$work/killed-up" 2>&1 &
  up=$!
  wait_for 180 - "the API server is started" alive kube-apiserver
  kill -KILL -- "-$up"
  wait_for 60 - "the first up is gone" test ! -e "/proc/$up/exe"
  expect "removing what an earlier cluster left" "$here/cluster" up
  k wait --timeout 5s --for condition=Ready "node/$node_name"
}

down_after_crash() {
  pod survivor '{}' wait
  await_phase survivor Running
  "$here/cluster" node add "$second"
  pod far-survivor "$there" wait
  await_phase far-survivor Running
  kill_component "machine-$second" "kubelet-$second" kubelet containerd etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy coredns
  "$here/cluster" down
  same_machine
}
