# shellcheck shell=bash
# shellcheck disable=SC2154 # here and folder are set by the file that sources this one
# Makes what the plugin is shown.

# A namespace with what objects.yaml holds. Statuses are written as the operator and the kubelet write them, through the subresource.
make_namespace() { # name, folder
  kubectl create namespace "$1" >/dev/null
  # Nobody makes it here, and pods are refused without it.
  kubectl --namespace "$1" create serviceaccount default >/dev/null
  make_reader "$1"
  [[ -e "$2/objects.yaml" ]] || return 0
  local objects object
  objects="$(kubectl --namespace "$1" create --dry-run=client --validate=false -o json -f "$2/objects.yaml" | jq -c 'if .kind == "List" then .items[] else . end')"
  while IFS= read -r object; do
    if [[ "$(jq -r .kind <<<"$object")" == Event ]]; then
      object="$(about "$1" "$object")"
    fi
    jq 'del(.status)' <<<"$object" | kubectl --namespace "$1" create -f - >/dev/null
    write_status "$1" "$object"
  done <<<"$objects"
}

write_status() { # namespace, object
  local kind name
  jq -e '.status // {} | length > 0' <<<"$2" >/dev/null || return 0
  kind="$(jq -r '"\(.kind).\(.apiVersion | if contains("/") then split("/") | "\(.[1]).\(.[0])" else "v1." end)"' <<<"$2")"
  name="$(jq -r .metadata.name <<<"$2")"
  kubectl --namespace "$1" patch "$kind" "$name" --subresource=status --type=merge --patch "$(jq -c '{status}' <<<"$2")" >/dev/null
}

# An event with the uid of the object that it is about, which is known only now.
about() { # namespace, event
  local kind name uid
  kind="$(jq -r '.involvedObject.kind' <<<"$2")"
  name="$(jq -r '.involvedObject.name' <<<"$2")"
  uid="$(kubectl --namespace "$1" get "$kind" "$name" -o 'jsonpath={.metadata.uid}')"
  jq -c --arg uid "$uid" --arg namespace "$1" '.involvedObject += {uid: $uid, namespace: $namespace}' <<<"$2"
}

# Somebody who may see the resources and nothing else, with a kubeconfig of their own.
make_reader() { # namespace
  local config="$folder/reader-$1"
  kubectl --namespace "$1" create serviceaccount reader >/dev/null
  kubectl --namespace "$1" create role reader --verb=get,list \
    --resource=finetunejobs.hone.dev,compressionjobs.hone.dev,inferencedeployments.hone.dev >/dev/null
  kubectl --namespace "$1" create rolebinding reader --role reader --serviceaccount "$1:reader" >/dev/null
  cp "$KUBECONFIG" "$config"
  kubectl --kubeconfig "$config" config set-credentials reader --token "$(kubectl --namespace "$1" create token reader)" >/dev/null
  kubectl --kubeconfig "$config" config set-context test --user reader >/dev/null
  export READER="$folder/reader-"
}

# The node that the pods of the fixtures are on; its kubelet is a stand-in that has no containers.
start_kubelet() { # sets kubelet_pid
  local port
  # Not a job of this shell, whose jobs are the API server's.
  exec {kubelet}< <(exec python3 "$here/tests/kubelet.py" "$folder/certificates/apiserver.crt" "$folder/certificates/apiserver.key" 2>"$folder/kubelet.log")
  # shellcheck disable=SC2034 # its stop is up to the file that sources this one
  kubelet_pid=$!
  read -r port <&"$kubelet" || { cat "$folder/kubelet.log" >&2; return 1; }
  kubectl create -f - >/dev/null <<YAML
apiVersion: v1
kind: Node
metadata:
  name: node-1
YAML
  kubectl patch node node-1 --subresource=status --type=merge --patch "{\"status\": {
    \"addresses\": [{\"type\": \"InternalIP\", \"address\": \"127.0.0.1\"}],
    \"daemonEndpoints\": {\"kubeletEndpoint\": {\"Port\": $port}}}}" >/dev/null
}
