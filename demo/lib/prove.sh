# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are read by the files that source this one
# Asks the served model about mails that no split contained, and shows what the compression cost and brought.

PORT_FORWARD_PID=
stop_port_forward() {
  if [[ -n "$PORT_FORWARD_PID" ]]; then
    kill "$PORT_FORWARD_PID" 2>/dev/null || true
    wait "$PORT_FORWARD_PID" 2>/dev/null || true
    PORT_FORWARD_PID=
  fi
}

# Sets LOCAL_PORT from kubectl's first line ("Forwarding from 127.0.0.1:PORT -> 8000").
start_port_forward() {
  local stream line
  exec {stream}< <(exec kubectl -n "$NAMESPACE" port-forward service/spam :8000 --address 127.0.0.1 2>&1)
  PORT_FORWARD_PID=$!
  read -r -t 30 line <&"$stream"
  [[ "$line" =~ 127\.0\.0\.1:([0-9]+) ]] || { echo "port-forward said: $line" >&2; return 1; }
  LOCAL_PORT="${BASH_REMATCH[1]}"
}

prove() {
  start_port_forward
  local url="http://127.0.0.1:$LOCAL_PORT/v2/models/spam/infer" right=0 total=0 answer label score truth text mark
  : >"$OUTPUT/predictions.jsonl"
  printf '  %-6s %-6s %-7s %s\n' TRUTH ANSWER SCORE MAIL
  while IFS= read -r mail; do
    answer="$(jq '{inputs: [{name: "text", shape: [1], datatype: "BYTES", data: [.text]}]}' <<<"$mail" |
      curl --silent --show-error --fail-with-body --max-time 30 -H 'Content-Type: application/json' --data-binary @- "$url")"
    label="$(jq -r '.outputs[] | select(.name == "label") | .data[0]' <<<"$answer")"
    score="$(jq -r '.outputs[] | select(.name == "score") | .data[0]' <<<"$answer")"
    truth="$(jq -r .label <<<"$mail")"
    text="$(jq -r '.text | gsub("\\s+"; " ") | .[0:88]' <<<"$mail")"
    total=$((total + 1))
    mark=" "
    if [[ "$label" == "$truth" ]]; then right=$((right + 1)); else mark="x"; fi
    printf '%s %-6s %-6s %-7.4f %s\n' "$mark" "$truth" "$label" "$score" "$text"
    jq -c --arg answer "$label" --argjson score "$score" '{truth: .label, answer: $answer, score: $score, text: .text[0:200]}' <<<"$mail" >>"$OUTPUT/predictions.jsonl"
  done <"$OUTPUT/held-out.jsonl"
  stop_port_forward
  echo "  $right of $total mails that the model has never seen are answered right."
}

write_report() {
  local phases i
  phases="$(for i in "${!PHASE_NAMES[@]}"; do
    jq -n --arg name "${PHASE_NAMES[$i]}" --argjson seconds "${PHASE_SECONDS[$i]}" '{name: $name, seconds: $seconds}'
  done | jq -s .)"
  kubectl -n "$NAMESPACE" get finetunejobs,compressionjobs,inferencedeployments -o json |
    jq --argjson phases "$phases" --slurpfile predictions "$OUTPUT/predictions.jsonl" '
      def resource($kind): .items[] | select(.kind == $kind);
      (resource("FineTuneJob").status) as $ft | (resource("CompressionJob").status) as $cj | (resource("InferenceDeployment").status) as $infd |
      { fineTune: {training: $ft.training, metrics: $ft.metrics, phases: $ft.phases, artifact: $ft.artifact},
        compression: {metrics: $cj.metrics, phases: $cj.phases, artifact: $cj.artifact,
                      accepted: ($cj.conditions[] | select(.type == "Accepted") | {status, message})},
        serving: {endpoint: $infd.endpoint, servedDigest: $infd.servedDigest, provider: $infd.provider},
        predictions: $predictions, phases: $phases }' >"$OUTPUT/report.json"
}

print_summary() {
  printf '\n\033[1m== Before and after (from the status of CompressionJob spam-int8)\033[0m\n'
  jq -r '
    .compression.metrics as $m |
    def n($x; $d): if $x == null then "-" else ($x * pow(10; $d) | round / pow(10; $d) | tostring) end;
    def acc($x): if $x == null then "-" else "\(n($x.value; 2)) % [\(n($x.low; 1)), \(n($x.high; 1))]" end;
    ["", "before", "after", "change"],
    ["accuracy on the test set", acc($m.before.accuracy), acc($m.after.accuracy), "\(n(-$m.comparison.accuracyDrop.value; 2)) points [\(n(-$m.comparison.accuracyDrop.high; 2)), \(n(-$m.comparison.accuracyDrop.low; 2))]"],
    ["size", "\(n($m.before.sizeBytes / 1e6; 1)) MB", "\(n($m.after.sizeBytes / 1e6; 1)) MB", "\(n($m.comparison.sizeRatio; 3)) of it"],
    ["p50 latency, one thread", "\(n($m.before.latencyMillis.p50; 1)) ms", "\(n($m.after.latencyMillis.p50; 1)) ms", "\(n($m.comparison.speedup.value; 2)) times as fast"]
    | @tsv' "$OUTPUT/report.json" | awk -F '\t' '{printf "  %-26s %-24s %-24s %s\n", $1, $2, $3, $4}'
  jq -r '"  gate: accepted=\(.compression.accepted.status): \(.compression.accepted.message)"' "$OUTPUT/report.json"
  printf '\n\033[1m== Time of every phase\033[0m\n'
  local i
  for i in "${!PHASE_NAMES[@]}"; do
    printf '  %-32s %s\n' "${PHASE_NAMES[$i]}" "$(clock "${PHASE_SECONDS[$i]}")"
    if [[ "${PHASE_NAMES[$i]}" == Fine-tune* ]]; then
      jq -r '(.fineTune.phases[] | ["fine-tune", .name, .seconds]), (.compression.phases[] | ["compress", .name, .seconds]) | @tsv' "$OUTPUT/report.json" |
        awk -F '\t' '{printf "      %-28s %.0f s\n", $1 ": " $2, $3}'
    fi
  done
  printf '  %-32s %s\n' "in all" "$(clock "$SECONDS")"
  printf '\nAll figures for machines: %s\n' "$OUTPUT/report.json"
}
