# shellcheck shell=bash
# GPUs that do not exist: the scheduler counts them as it counts real ones, and nothing can run on them.

fake_gpu_note="The $gpu_count nvidia.com/gpu of this node are fake: they are counted by the scheduler, but no device stands behind them."

# fake_gpus NODE makes the node look as NVIDIA's device plugin and GPU Feature Discovery would.
fake_gpus() {
  local node="$1" amount
  amount="$(jq -nc --arg count "$gpu_count" '{"nvidia.com/gpu": $count}')"
  kube patch node "$node" --subresource status --type merge \
    --patch "{\"status\": {\"capacity\": $amount, \"allocatable\": $amount}}" >/dev/null
  kube annotate --overwrite node "$node" "hone.dev/fake-gpus=$fake_gpu_note" >/dev/null
  kube label --overwrite node "$node" \
    nvidia.com/gpu.present=true "nvidia.com/gpu.count=$gpu_count" nvidia.com/gpu.product=Hone-Fake-GPU \
    nvidia.com/gpu.family=fake nvidia.com/gpu.machine=fake nvidia.com/gpu.memory=24576 nvidia.com/gpu.replicas=1 \
    nvidia.com/gpu.sharing-strategy=none nvidia.com/gpu.compute.major=8 nvidia.com/gpu.compute.minor=9 \
    nvidia.com/mig.capable=false nvidia.com/mig.strategy=single >/dev/null
}

has_fake_gpus() {
  [ "$(kube get node "$1" -o jsonpath='{.status.allocatable.nvidia\.com/gpu}')" = "$gpu_count" ]
}

up_gpus() {
  local node="$1"
  fake_gpus "$node"
  wait_for 30 - "the node advertises its fake GPUs" has_fake_gpus "$node"
  say "$fake_gpu_note"
}
