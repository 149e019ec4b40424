# shellcheck shell=bash
# A default StorageClass over volumes that are made beforehand: there is no provisioner to run.

up_storage() {
  kube apply -f "$cluster_dir/manifests/storage-class.yaml" >/dev/null
  reclaim_volumes
  provide_volumes
}

# A volume whose claim is gone stays Released, with its data, until the next `up` empties it.
reclaim_volumes() {
  local name
  for name in $(kube get persistentvolumes -o json |
    jq -r '.items[] | select(.spec.storageClassName == "hone-local" and (.status.phase == "Released" or .status.phase == "Failed")) | .metadata.name'); do
    kube delete persistentvolume "$name" >/dev/null
    rm -rf "${volumes_dir:?}/$name"
  done
}

provide_volumes() {
  local index name present
  present="$(kube get persistentvolumes -o name)"
  for ((index = 0; index < volume_count; index++)); do
    name="$(printf 'hone-local-%02d' "$index")"
    grep -qx "persistentvolume/$name" <<<"$present" && continue
    mkdir -p "$volumes_dir/$name"
    volume "$name"
  done >"$config_dir/volumes.yaml"
  [ ! -s "$config_dir/volumes.yaml" ] || kube create -f "$config_dir/volumes.yaml" >/dev/null
}

volume() {
  cat <<YAML
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: $1 }
spec:
  storageClassName: hone-local
  capacity: { storage: 5Gi }
  accessModes: [ReadWriteOnce, ReadOnlyMany, ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  local: { path: $volumes_dir/$1 }
  nodeAffinity:
    required:
      nodeSelectorTerms:
        - matchExpressions: [{ key: ${volumes_label%=*}, operator: In, values: ["${volumes_label#*=}"] }]
YAML
}
