# shellcheck shell=bash
# Keys, certificates and kubeconfigs, made anew for every cluster.

make_certificates() {
  [ -f "$pki_dir/complete" ] && return 0
  rm -rf "$pki_dir"
  mkdir -p "$pki_dir"
  chmod 700 "$pki_dir"
  local kubernetes_names="DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"

  make_authority ca hone-cluster-ca
  # etcd trusts an authority of its own: a certificate for the API must not open the database.
  make_authority etcd-ca hone-cluster-etcd-ca
  make_certificate etcd-ca etcd /CN=etcd "DNS:localhost,IP:127.0.0.1"
  make_certificate etcd-ca etcd-client /CN=kube-apiserver
  make_certificate ca kube-apiserver /CN=kube-apiserver "$kubernetes_names,DNS:localhost,IP:127.0.0.1,IP:$api_service_ip,IP:$host_ip"
  make_certificate ca kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  # Java clients must be told of any other kind of key, and a kubeconfig has no place for that.
  make_certificate ca admin /O=system:masters/CN=hone-admin "" "rsa -pkeyopt rsa_keygen_bits:2048"
  make_certificate ca kube-controller-manager /CN=system:kube-controller-manager
  make_certificate ca kube-scheduler /CN=system:kube-scheduler
  make_certificate ca kube-proxy /CN=system:kube-proxy
  make_certificate ca coredns /CN=system:coredns
  make_kubelet_certificate
  quiet_openssl ecparam -name prime256v1 -genkey -noout -out "$pki_dir/service-account.key"
  quiet_openssl ec -in "$pki_dir/service-account.key" -pubout -out "$pki_dir/service-account.pub"

  local user
  for user in kube-controller-manager kube-scheduler kube-proxy coredns kubelet; do
    write_kubeconfig "$user" "$config_dir/$user.kubeconfig"
  done
  write_kubeconfig admin "$admin_kubeconfig"
  touch "$pki_dir/complete"
}

make_kubelet_certificate() {
  make_certificate ca "kubelet$node_suffix" "/O=system:nodes/CN=system:node:$node_name" "DNS:$node_name,IP:$node_ip"
}

quiet_openssl() {
  local output
  output="$(openssl "$@" 2>&1)" || die "openssl $1 failed: $output"
}

make_authority() {
  local name="$1" subject="$2"
  quiet_openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj "/CN=$subject" -keyout "$pki_dir/$name.key" -out "$pki_dir/$name.crt" \
    -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

# make_certificate AUTHORITY NAME SUBJECT [ALTERNATIVE-NAMES [KEY]]
make_certificate() {
  local authority="$1" name="$2" subject="$3" alternatives="${4:-}" key
  read -ra key <<<"${5:-ec -pkeyopt ec_paramgen_curve:prime256v1}"
  quiet_openssl req -new -newkey "${key[@]}" -nodes \
    -subj "$subject" -keyout "$pki_dir/$name.key" -out "$pki_dir/$name.csr"
  {
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n'
    [ -z "$alternatives" ] || printf 'subjectAltName=%s\n' "$alternatives"
  } >"$pki_dir/$name.extensions"
  quiet_openssl x509 -req -in "$pki_dir/$name.csr" -CA "$pki_dir/$authority.crt" -CAkey "$pki_dir/$authority.key" \
    -CAcreateserial -days 3650 -extfile "$pki_dir/$name.extensions" -out "$pki_dir/$name.crt"
  rm "$pki_dir/$name.csr" "$pki_dir/$name.extensions"
}

write_kubeconfig() {
  local user="$1" file="$2"
  mkdir -p "$(dirname "$file")"
  (
    umask 077
    cat >"$file" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: hone-local
    cluster:
      server: $api_url
      certificate-authority-data: $(base64 -w0 "$pki_dir/ca.crt")
users:
  - name: $user
    user:
      client-certificate-data: $(base64 -w0 "$pki_dir/$user.crt")
      client-key-data: $(base64 -w0 "$pki_dir/$user.key")
contexts:
  - name: hone-local
    context:
      cluster: hone-local
      user: $user
current-context: hone-local
YAML
  )
}
