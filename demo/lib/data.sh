# shellcheck shell=bash
# Puts the real model and the mails on the example's volume, through a pod of the trainer image.

put_data_on_the_volume() {
  kubectl create namespace "$NAMESPACE" --dry-run=client -o yaml | kubectl apply -f -
  kubectl -n "$NAMESPACE" apply -f "$EXAMPLE/00-volume.yaml"
  IMAGE="${IMAGES[trainer]}" "$EXAMPLE/prepare/load" "$NAMESPACE" "$OUTPUT"
}
