# shellcheck shell=bash
# shellcheck disable=SC2154 # folder is set by the file that sources this one
# A real API server for as long as a test runs: etcd and kube-apiserver on ports of their own, everything they write below $folder.

start_api_server() { # sets KUBECONFIG
  local etcd_port peer_port port token attempt
  token="$(openssl rand -hex 16)"
  echo "$token,admin,admin,\"system:masters\"" >"$folder/tokens.csv"
  openssl genrsa -out "$folder/signing.key" 2048 2>/dev/null
  read -r etcd_port peer_port port < <(free_ports)
  etcd --data-dir "$folder/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
    --initial-cluster "default=http://127.0.0.1:$peer_port" >"$folder/etcd.log" 2>&1 &
  kube-apiserver --etcd-servers "http://127.0.0.1:$etcd_port" --secure-port "$port" \
    --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --endpoint-reconciler-type none \
    --cert-dir "$folder/certificates" --authorization-mode Node,RBAC --token-auth-file "$folder/tokens.csv" \
    --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range 10.96.0.0/16 \
    --service-account-key-file "$folder/signing.key" --service-account-signing-key-file "$folder/signing.key" \
    >"$folder/apiserver.log" 2>&1 &
  export KUBECONFIG="$folder/kubeconfig"
  kubectl config set-cluster test --server "https://127.0.0.1:$port" --certificate-authority "$folder/certificates/apiserver.crt" >/dev/null
  kubectl config set-credentials admin --token "$token" >/dev/null
  kubectl config set-context test --cluster test --user admin >/dev/null
  kubectl config use-context test >/dev/null
  for ((attempt = 0; attempt < 600; attempt++)); do
    if kubectl get --raw /readyz >/dev/null 2>&1 && kubectl get clusterrole view >/dev/null 2>&1; then
      return
    fi
    [[ "$(jobs -rp | wc -l)" -eq 2 ]] || break
    sleep 0.2 # between two looks
  done
  echo "the API server did not start:" >&2
  tail -n 5 "$folder/etcd.log" "$folder/apiserver.log" >&2
  return 1
}

stop_api_server() {
  local running
  mapfile -t running < <(jobs -rp)
  [[ ${#running[@]} -eq 0 ]] || kill "${running[@]}"
  wait
}

free_ports() {
  python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets))'
}
