# shellcheck shell=bash
# Devices by a device plugin: what the kubelet makes of them.

bad_devices_are_refused() {
  refuse 'write for example nvidia.com/gpu=2' "$tools/fakegpus" --folder "$work/plugins" nvidia.com/gpu
  refuse 'write for example nvidia.com/gpu=2' "$tools/fakegpus" --folder "$work/plugins" gpu=2
  refuse 'write for example nvidia.com/gpu=2' "$tools/fakegpus" --folder "$work/plugins" nvidia.com/gpu=0
  refuse 'the same names' "$tools/fakegpus" --folder "$work/plugins" nvidia.com/gpu=1 hone.dev/gpu=1
  refuse 'name a resource' "$tools/fakegpus"
  refuse 'none stands alone' "$here/cluster" devices none hone.dev/gpu=1
}

devices_are_offered() {
  "$here/cluster" devices hone.dev/gpu=2 nvidia.com/mig-1g.10gb=3
  node_has capacity hone.dev/gpu 2
  node_has allocatable hone.dev/gpu 2
  node_has capacity nvidia.com/mig-1g.10gb 3
  # The node's own are not touched.
  node_has allocatable nvidia.com/gpu 2
}

devices_are_given() {
  local given
  given="$(run_pod device-one "$(asks_for hone.dev/gpu 1)" env NVIDIA_VISIBLE_DEVICES)"
  [[ "$given" =~ ^NVIDIA_VISIBLE_DEVICES=gpu-[01]$ ]]
  given="$(run_pod device-two "$(asks_for hone.dev/gpu 2)" env NVIDIA_VISIBLE_DEVICES)"
  [[ "$given" =~ ^NVIDIA_VISIBLE_DEVICES=(gpu-0,gpu-1|gpu-1,gpu-0)$ ]]
  given="$(run_pod device-part "$(asks_for nvidia.com/mig-1g.10gb 1)" env NVIDIA_VISIBLE_DEVICES)"
  [[ "$given" =~ ^NVIDIA_VISIBLE_DEVICES=mig-1g.10gb-[012]$ ]]
  pod device-holder "$(asks_for hone.dev/gpu 2)" wait
  await_phase device-holder Running
  pod device-waits "$(asks_for hone.dev/gpu 1)" wait
  await_unschedulable device-waits
  k delete pod device-holder --wait >/dev/null
  await_phase device-waits Running
  k delete pod device-waits device-one device-two device-part --wait >/dev/null
}

unhealthy_devices_are_not_offered() {
  touch "$unhealthy_dir/gpu-1"
  wait_for 60 - "the node offers one hone.dev/gpu" node_has allocatable hone.dev/gpu 1
  node_has capacity hone.dev/gpu 2
  node_has allocatable nvidia.com/mig-1g.10gb 3
  expect "NVIDIA_VISIBLE_DEVICES=gpu-0" run_pod device-healthy "$(asks_for hone.dev/gpu 1)" env NVIDIA_VISIBLE_DEVICES
  pod device-both "$(asks_for hone.dev/gpu 2)" wait
  await_unschedulable device-both
  rm "$unhealthy_dir/gpu-1"
  await_phase device-both Running
  node_has allocatable hone.dev/gpu 2
  k delete pod device-healthy device-both --wait >/dev/null
}

devices_come_back() {
  stop kubelet
  "$here/cluster" up
  wait_for 60 - "the node offers them again" node_has allocatable hone.dev/gpu 2
  expect "NVIDIA_VISIBLE_DEVICES=gpu-" run_pod device-again "$(asks_for hone.dev/gpu 1)" env NVIDIA_VISIBLE_DEVICES
  k delete pod device-again --wait >/dev/null
}

devices_go() {
  "$here/cluster" devices none
  wait_for 60 - "the node offers none" node_has allocatable hone.dev/gpu 0
  node_has allocatable nvidia.com/gpu 2
}

asks_for() { jq -nc --arg name "$1" --argjson count "$2" '{container: {resources: {limits: {($name): $count}}}}'; }

# node_has capacity|allocatable RESOURCE COUNT
node_has() {
  [ "$(k get node "$node_name" -o json | jq -r --arg list "$1" --arg name "$2" '.status[$list][$name] // "0"')" = "$3" ]
}

await_unschedulable() {
  k wait --timeout 120s --for 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}=Unschedulable' "pod/$1"
}
