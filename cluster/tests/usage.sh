# shellcheck shell=bash
# What Hone and its users do with the cluster.

probe_image=localhost/hone-probe:test

refuses_bad_input() {
  refuse "write cluster up, down, status, kubeconfig, programs, packages or import FILE…" "$here/cluster" upp
  refuse "write cluster programs" "$here/cluster" programs now
  refuse "devices needs resources" "$here/cluster" devices
  refuse "write cluster up" "$here/cluster" up now
  refuse "write CLUSTER=local, CLUSTER=kind or CLUSTER=current" env CLUSTER=minikube "$here/cluster" status
  refuse "import needs archives" "$here/cluster" import
  refuse "bring it up first" "$here/cluster" import "$work/none.tar"
  refuse "the local cluster is down" "$here/cluster" status
  refuse "make one by" "$here/cluster" kubeconfig
  refuse "there are: etcd" "$here/bin/kube-tools" --only etcdd
  refuse "no current context" env CLUSTER=current KUBECONFIG="$work/none" "$here/cluster" up
}

cluster_comes_up() {
  "$here/cluster" up
  [ "$("$here/cluster" kubeconfig)" = "$admin_kubeconfig" ]
  "$here/cluster" status
}

node_says_ready() {
  k wait --timeout 5s --for condition=Ready "node/$node_name"
  expect "fake" k get node "$node_name" -o jsonpath='{.metadata.annotations.hone\.dev/fake-gpus}'
  expect "Hone-Fake-GPU" k get node "$node_name" -o jsonpath='{.metadata.labels.nvidia\.com/gpu\.product}'
}

archive_is_imported_once() {
  local archive="$work/probe.oci.tar" built
  built="$(scratch_image "$tools/probe" "$probe_image")"
  # As buildah writes it, which is what the images of Hone come as.
  oci_archive "$built" "$archive" "$probe_image"
  "$here/cluster" import "$archive"
  expect "already there: $probe_image" "$here/cluster" import "$archive"
  refuse "there is no archive" "$here/cluster" import "$work/none.tar"
  printf 'not an archive' >"$work/bad.tar"
  refuse "buildah push" "$here/cluster" import "$work/bad.tar"
}

old_images_are_removed() {
  local version digests
  # The store outlives a cluster, and with it what an earlier run of this test imported.
  for version in $(versions_of_many); do remove_image "localhost/hone-many:$version"; done
  digests="$(image_digests)"
  for version in 1 2 3 4; do import_many "$version"; done
  [ "$(versions_of_many)" = "3 4 " ]
  # One that is imported again is the newest then.
  import_many 3
  import_many 1
  [ "$(versions_of_many)" = "1 3 " ]
  # Of the others nothing is left, under their digest either; and what is not theirs was not touched.
  [ "$(comm -13 <(echo "$digests") <(image_digests) | wc -l)" -eq 2 ]
  [ -z "$(comm -23 <(echo "$digests") <(image_digests))" ]
  for version in 1 3; do remove_image "localhost/hone-many:$version"; done
}

# A file of its own makes each version another image.
import_many() { # version
  local name="$work/many-$1"
  printf '%s' "$1" >"$name"
  oci_archive "$(scratch_image "$name" "localhost/hone-many:$1")" "$name.tar" "localhost/hone-many:$1"
  "$here/cluster" import "$name.tar"
}

versions_of_many() { containerd_images list -q | sed -n 's/^localhost\/hone-many://p' | sort | tr '\n' ' '; }

image_digests() { containerd_images list | awk 'NR > 1 { print $3 }' | sort -u; }

# oci_archive DOCKER-ARCHIVE FILE REFERENCE writes the same image as an OCI archive.
oci_archive() {
  local from="$1" to="$2" reference="$3" layout="$work/layout" config layer manifest
  rm -rf "$layout" "$work/unpacked"
  mkdir -p "$layout/blobs/sha256" "$work/unpacked"
  tar -C "$work/unpacked" -xf "$from"
  blob() {
    local digest
    digest="$(sha256sum "$1" | cut -d' ' -f1)"
    cp "$1" "$layout/blobs/sha256/$digest"
    jq -nc --arg type "$2" --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$1")" '{mediaType: $type, digest: $digest, size: $size}'
  }
  config="$(blob "$work/unpacked/config.json" application/vnd.oci.image.config.v1+json)"
  layer="$(blob "$work/unpacked/layer.tar" application/vnd.oci.image.layer.v1.tar)"
  jq -nc --argjson config "$config" --argjson layer "$layer" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer]}' >"$work/manifest.json"
  manifest="$(blob "$work/manifest.json" application/vnd.oci.image.manifest.v1+json)"
  jq -nc --argjson manifest "$manifest" --arg reference "$reference" \
    '{schemaVersion: 2, manifests: [$manifest + {annotations: {"org.opencontainers.image.ref.name": $reference}}]}' >"$layout/index.json"
  printf '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
  tar -C "$layout" -cf "$to" oci-layout index.json blobs
}

pod_reaches_api() {
  expect '"gitVersion": "v1.' run_pod api-by-address '{}' api "$api_service_ip"
  expect '"gitVersion": "v1.' run_pod api-by-name '{}' api kubernetes.default.svc
  expect "is $api_service_ip" run_pod resolve-full '{}' resolve kubernetes.default.svc.cluster.local
  expect "is $api_service_ip" run_pod resolve-short '{}' resolve kubernetes
}

pod_reaches_service() {
  pod server '{"container": {"readinessProbe": {"httpGet": {"path": "/", "port": 8000}, "periodSeconds": 1}}}' serve :8000
  k create service clusterip server --tcp 80:8000 >/dev/null
  k wait --timeout 180s --for condition=Ready pod/server
  expect "served by the probe" run_pod client '{}' get http://server.default/
  # The server asks itself through its own service.
  expect "served by the probe" k exec server -- /probe get http://server.default/
  # An address that no service has does not leave the machine.
  refuse "network is unreachable" k exec server -- /probe get "http://${service_subnet%.0.0/16}.200.200/"
}

streaming_works() {
  local port forward
  pod leaver '{}' wait
  await_phase leaver Running
  expect "is $api_service_ip" k exec leaver -- /probe resolve kubernetes
  k port-forward pod/server :8000 >"$work/forward" 2>&1 &
  forward=$!
  wait_for 120 - "the port is forwarded" grep -q 'Forwarding from 127.0.0.1' "$work/forward"
  port="$(sed -n 's/Forwarding from 127.0.0.1:\([0-9]*\).*/\1/p' "$work/forward" | head -1)"
  expect "served by the probe" curl -sS --max-time 10 "http://127.0.0.1:$port/"
  kill "$forward"
  k logs --follow leaver >"$work/followed" &
  k delete pod leaver --wait >/dev/null
  wait $!
  expect "left on terminated" cat "$work/followed"
}

claim='{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
  "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}'
non_root='{"spec": {"securityContext": {"runAsUser": 10001, "runAsGroup": 10001, "runAsNonRoot": true, "fsGroup": 10001,
    "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
  "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}],
    "securityContext": {"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}}'

claim_is_written() {
  local volume
  k apply -f - <<<"$claim" >/dev/null
  expect "uid 10001 wrote /data/file" run_pod writer "$non_root" write /data/file "some text"
  volume="$(k get persistentvolumeclaim data -o jsonpath='{.spec.volumeName}')"
  [ "$(cat "$volumes_dir/$volume/file")" = "some text" ]
  [ "$(stat -c %g "$volumes_dir/$volume")" = 10001 ]
}

volume_is_reclaimed() {
  local volume
  volume="$(k get persistentvolumeclaim data -o jsonpath='{.spec.volumeName}')"
  k delete pod writer --wait >/dev/null
  k delete persistentvolumeclaim data --wait >/dev/null
  wait_for 120 - "volume $volume is Released" volume_is "$volume" Released
  "$here/cluster" up
  wait_for 120 - "volume $volume is Available" volume_is "$volume" Available
  [ -d "$volumes_dir/$volume" ]
  [ -z "$(ls -A "$volumes_dir/$volume")" ]
}

volume_is() { [ "$(k get persistentvolume "$1" -o jsonpath='{.status.phase}')" = "$2" ]; }

gpus_are_counted() {
  local name gpu='{"container": {"resources": {"limits": {"nvidia.com/gpu": 1}}}}'
  for name in gpu-1 gpu-2; do
    pod "$name" "$gpu" wait
    await_phase "$name" Running
  done
  pod gpu-3 "$gpu" wait
  k wait --timeout 120s --for 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}=Unschedulable' pod/gpu-3
  expect "Insufficient nvidia.com/gpu" k get pod gpu-3 -o jsonpath='{.status.conditions[*].message}'
  k delete pod gpu-1 --wait >/dev/null
  await_phase gpu-3 Running
  k delete pod gpu-2 gpu-3 --wait >/dev/null
}

memory_limit_holds() {
  pod eater '{"container": {"resources": {"limits": {"memory": "32Mi"}}}}' eat 200
  await_phase eater Failed
  expect "OOMKilled 137" k get pod eater -o jsonpath='{.status.containerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].state.terminated.exitCode}'
}
