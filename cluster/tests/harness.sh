# shellcheck shell=bash
# Runs checks, counts them, and knows what the machine looks like.

passed=0
failed=0

# check WHAT FUNCTION runs FUNCTION in a shell of its own, whose first failing command fails the check.
check() {
  local what="$1" began=$SECONDS
  # In the background, because bash ignores -e in whatever is run as a condition.
  (
    set -eE
    trap 'printf "failed in %s, line %s: %s\n" "${FUNCNAME[0]}" "$LINENO" "$BASH_COMMAND"' ERR
    "$2"
  ) >"$work/output" 2>&1 &
  if wait $!; then
    passed=$((passed + 1))
    printf 'ok      %s (%d s)\n' "$what" $((SECONDS - began))
  else
    failed=$((failed + 1))
    printf 'FAILED  %s (%d s)\n' "$what" $((SECONDS - began))
    tail -n 25 "$work/output" | sed 's/^/        /'
  fi
}

summary() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

cleanup() {
  "$here/cluster" down >/dev/null 2>&1 || true
  rm -rf "$work"
}

k() { "$tools/kubectl" --kubeconfig "$admin_kubeconfig" "$@"; }

# expect WHAT COMMAND… fails with a sentence unless COMMAND succeeds and says WHAT.
expect() {
  local what="$1" output status=0
  shift
  output="$("$@" 2>&1)" || status=$?
  if [ "$status" -ne 0 ] || ! grep -qF -- "$what" <<<"$output"; then
    printf 'expected "%s" and success from: %s\nbut it left with %d and said: %s\n' "$what" "$*" "$status" "$output"
    return 1
  fi
}

# refuse WHAT COMMAND… fails with a sentence unless COMMAND fails and says WHAT.
refuse() {
  local what="$1" output status=0
  shift
  output="$("$@" 2>&1)" || status=$?
  if [ "$status" -eq 0 ] || ! grep -qF -- "$what" <<<"$output"; then
    printf 'expected "%s" and a failure from: %s\nbut it left with %d and said: %s\n' "$what" "$*" "$status" "$output"
    return 1
  fi
}

# pod NAME SPEC-LINES ARGUMENT… makes a pod that runs the probe with ARGUMENT…; SPEC-LINES is JSON merged into it.
pod() {
  local name="$1" extra="$2"
  shift 2
  jq -n --arg name "$name" --arg image "$probe_image" --argjson extra "$extra" '
    {apiVersion: "v1", kind: "Pod", metadata: {name: $name, labels: {app: $name}},
     spec: {restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [{name: "probe", image: $image, args: $ARGS.positional}]}}
    | . * ($extra | del(.container)) | .spec.containers[0] *= ($extra.container // {})' --args "$@" | k apply -f - >/dev/null
}

ended() { [[ "$(k get pod "$1" -o jsonpath='{.status.phase}')" =~ ^(Succeeded|Failed)$ ]]; }

phase_is() { [ "$(k get pod "$1" -o jsonpath='{.status.phase}')" = "$2" ]; }

await_phase() {
  local name="$1" phase="$2"
  wait_for 180 - "pod $name is $phase" phase_is "$name" "$phase"
}

# run_pod NAME EXTRA ARGUMENT… waits for its success and prints its log.
run_pod() {
  pod "$@"
  wait_for 180 - "pod $1 has ended" ended "$1"
  phase_is "$1" Succeeded || {
    k describe pod "$1"
    k logs "$1"
    return 1
  }
  k logs "$1"
}

# Everything about the machine that a cluster changes, as text that can be compared.
machine_state() {
  local key pid exe
  printf 'links\n'
  ip -brief link | awk '{ print $1 }'
  printf 'routing rules\n'
  ip rule
  printf 'routes\n'
  ip route | grep -F -e "$pods_network." -e "$nodes_network." || true
  printf 'mounts\n'
  awk '{ print $2 }' /proc/self/mounts | grep -E 'hone/cluster|hone-cluster|kubelet|/netns/' | sort || true
  printf 'network namespaces\n'
  find /run/netns -mindepth 1 2>/dev/null || true
  printf 'chains\n'
  all_chains
  printf 'settings\n'
  for key in "${touched_settings[@]}"; do printf '%s=%s\n' "$key" "$(sysctl -n "$key" 2>/dev/null)"; done
  printf 'cgroups\n'
  pod_cgroups
  printf 'folders\n'
  find "$state_dir" "$run_dir" "$added_stores" /var/lib/kubelet /var/log/containers -maxdepth 0 2>/dev/null || true
  printf 'processes\n'
  # By their arguments: other tests may run the same programs.
  for pid in /proc/[0-9]*; do
    exe="$(readlink "$pid/exe")" || continue
    case "$exe" in
      */hone/kube/* | */containerd*) ! tr '\0' ' ' <"$pid/cmdline" | grep -e "$state_dir" -e "$run_dir" || printf '%s\n' "$exe" ;;
    esac
  done 2>/dev/null
}
