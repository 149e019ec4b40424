# shellcheck shell=bash
# Applies the three manifests at once and shows their progress until the model serves.

run_the_example() {
  kubectl -n "$NAMESPACE" apply -f "$EXAMPLE/10-finetune.yaml" -f "$EXAMPLE/20-compress.yaml" -f "$EXAMPLE/30-serve.yaml"
  watch_until_served
  kubectl -n "$NAMESPACE" get finetunejobs,compressionjobs,inferencedeployments
}

# One line per resource: state, percent, step, loss, ETA, and what it waits for.
progress_lines() {
  kubectl -n "$NAMESPACE" get finetunejobs,compressionjobs,inferencedeployments -o json | jq -r '
    .items[] |
    (.status.conditions // [] | map(select(.type == "Ready")) | first // {}) as $ready |
    .status.progress as $p |
    [ .kind + "/" + .metadata.name,
      ($ready.reason // "New"),
      (if $ready.reason == "Running" and $p then
         "\($p.phase) \($p.percent | floor)%" +
         (if $p.step then "  step \($p.step)/\($p.totalSteps // "?")" else "" end) +
         (if $p.loss then "  loss \($p.loss * 1000 | round / 1000)" else "" end) +
         (if $p.etaSeconds then "  ETA \($p.etaSeconds | round)s" else "" end)
       else ($ready.message // "") end) ] | @tsv'
}

# Succeeds when the InferenceDeployment is ready, fails with its sentence when any resource can't go on.
outcome() {
  kubectl -n "$NAMESPACE" get finetunejobs,compressionjobs,inferencedeployments -o json | jq -r '
    [.items[] | {name: (.kind + "/" + .metadata.name), kind, ready: (.status.conditions // [] | map(select(.type == "Ready")) | first // {})}] as $all |
    ($all | map(select(.ready.reason as $r | ["Failed", "Rejected", "Invalid", "Unsupported"] | index($r))) | first) as $bad |
    if $bad then "failed: \($bad.name) is \($bad.ready.reason): \($bad.ready.message)"
    elif ($all | map(select(.kind == "InferenceDeployment")) | length > 0 and all(.ready.status == "True")) then "served"
    else "going" end'
}

watch_until_served() {
  local deadline=$((SECONDS + ${DEMO_TIMEOUT:-1500})) shown="" now state
  while true; do
    now="$(progress_lines | awk -F '\t' '{printf "  %-28s %-20s %s\n", $1, $2, $3}')"
    if [[ -t 1 ]]; then
      [[ -z "$shown" ]] || printf '\033[%dA\033[J' "$(wc -l <<<"$shown")"
      printf '%s\n' "$now"
    elif [[ "$now" != "$shown" ]]; then
      # Not a terminal: only the lines that changed.
      comm -13 <(sort <<<"$shown") <(sort <<<"$now")
    fi
    shown="$now"
    state="$(outcome)"
    case "$state" in
      served) return 0 ;;
      failed:*) echo "$state" >&2; return 1 ;;
    esac
    if ((SECONDS > deadline)); then
      echo "not served within ${DEMO_TIMEOUT:-1500} s; see: kubectl -n $NAMESPACE describe ftj,cpj,infd" >&2
      return 1
    fi
    sleep 2 # the display's refresh interval
  done
}
