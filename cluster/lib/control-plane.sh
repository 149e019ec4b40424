# shellcheck shell=bash
# etcd, API server, controller manager and scheduler.

kube() { "$tools/kubectl" --kubeconfig "$admin_kubeconfig" "$@"; }

start_etcd() {
  start etcd "$tools/etcd" --name hone --data-dir "$state_dir/etcd" --unsafe-no-fsync \
    --listen-client-urls "https://127.0.0.1:$etcd_port" --advertise-client-urls "https://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$((etcd_port + 1))" --initial-advertise-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-cluster "hone=http://127.0.0.1:$((etcd_port + 1))" \
    --client-cert-auth --trusted-ca-file "$pki_dir/etcd-ca.crt" --cert-file "$pki_dir/etcd.crt" --key-file "$pki_dir/etcd.key" \
    --log-level warn
}

start_api_server() {
  start kube-apiserver "$tools/kube-apiserver" \
    --bind-address "$host_ip" --advertise-address "$host_ip" --secure-port 6443 \
    --etcd-servers "https://127.0.0.1:$etcd_port" --etcd-cafile "$pki_dir/etcd-ca.crt" \
    --etcd-certfile "$pki_dir/etcd-client.crt" --etcd-keyfile "$pki_dir/etcd-client.key" \
    --tls-cert-file "$pki_dir/kube-apiserver.crt" --tls-private-key-file "$pki_dir/kube-apiserver.key" \
    --client-ca-file "$pki_dir/ca.crt" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$pki_dir/service-account.pub" --service-account-signing-key-file "$pki_dir/service-account.key" \
    --service-cluster-ip-range "$service_subnet" \
    --kubelet-client-certificate "$pki_dir/kubelet-client.crt" --kubelet-client-key "$pki_dir/kubelet-client.key" \
    --kubelet-certificate-authority "$pki_dir/ca.crt" --kubelet-preferred-address-types InternalIP
}

start_controllers() {
  start kube-controller-manager "$tools/kube-controller-manager" \
    --kubeconfig "$config_dir/kube-controller-manager.kubeconfig" --bind-address 127.0.0.1 --leader-elect=false \
    --use-service-account-credentials --service-account-private-key-file "$pki_dir/service-account.key" \
    --root-ca-file "$pki_dir/ca.crt" --cluster-signing-cert-file "$pki_dir/ca.crt" --cluster-signing-key-file "$pki_dir/ca.key" \
    --kube-api-qps 100 --kube-api-burst 200
  start kube-scheduler "$tools/kube-scheduler" --kubeconfig "$config_dir/kube-scheduler.kubeconfig" \
    --bind-address 127.0.0.1 --leader-elect=false
}

up_control_plane() {
  start_etcd
  start_api_server
  wait_for 180 kube-apiserver "the API server is ready" kube get --raw /readyz
  start_controllers
}
