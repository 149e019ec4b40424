# shellcheck shell=bash
# Images go straight into containerd's store: there is no registry.

containerd_images() { ctr --address "$containerd_socket" --namespace k8s.io images "$@"; }

# scratch_image BINARY REFERENCE prints the path of an archive with an image that holds only BINARY.
scratch_image() {
  local binary="$1" reference="$2" name work digest
  name="$(basename "$binary")"
  work="$run_dir/image-$name"
  rm -rf "$work"
  mkdir -p "$work/root"
  cp "$binary" "$work/root/$name"
  tar -C "$work/root" --owner 0 --group 0 --mtime @0 -cf "$work/layer.tar" "$name"
  digest="sha256:$(sha256sum "$work/layer.tar" | cut -d' ' -f1)"
  jq -nc --arg digest "$digest" --arg entry "/$name" --arg arch "$(oci_architecture)" \
    '{architecture: $arch, os: "linux", config: {Entrypoint: [$entry]}, rootfs: {type: "layers", diff_ids: [$digest]}}' >"$work/config.json"
  jq -nc --arg reference "$reference" '[{Config: "config.json", RepoTags: [$reference], Layers: ["layer.tar"]}]' >"$work/manifest.json"
  tar -C "$work" -cf "$work/$name.tar" manifest.json config.json layer.tar
  printf '%s' "$work/$name.tar"
}

oci_architecture() {
  case "$(uname -m)" in
    x86_64) printf amd64 ;;
    aarch64) printf arm64 ;;
    *) uname -m ;;
  esac
}

import_pause_image() {
  [ -z "$(containerd_images list -q "name==$pause_image")" ] || return 0
  containerd_images import "$(scratch_image "$tools/pause" "$pause_image")" >/dev/null
}

# The references and digests that an OCI archive holds, one "REFERENCE DIGEST" a line.
archive_contents() {
  tar -xOf "$1" index.json 2>/dev/null |
    jq -r '.manifests[] | [(.annotations["io.containerd.image.name"] // .annotations["org.opencontainers.image.ref.name"] // ""), .digest] | join(" ")'
}

# An archive whose images are all there with the same digests is not imported again.
is_imported() {
  local archive="$1" reference digest contents
  contents="$(archive_contents "$archive")" || return 1
  [ -n "$contents" ] || return 1
  while read -r reference digest; do
    containerd_images list "name==$reference" | grep -qF "$digest" || return 1
  done <<<"$contents"
}

import_archive() {
  local archive="$1" started=$SECONDS reference
  [ -f "$archive" ] || die "there is no archive $archive"
  if is_imported "$archive"; then
    say "image already there: $(archive_contents "$archive" | cut -d' ' -f1)"
  else
    containerd_images import "$archive" >/dev/null || die "containerd could not import $archive; give an archive made by 'buildah push IMAGE oci-archive:FILE:IMAGE'"
    say "imported $archive in $((SECONDS - started)) s"
  fi
  while read -r reference _; do
    [ -z "$reference" ] || keep_newest "$reference"
  done < <(archive_contents "$archive")
}

import_label=hone.dev/imported

# Of an image of ours, the one that was imported just now and the one before it stay: every change makes another of up to gigabytes.
keep_newest() {
  local reference="$1" old
  containerd_images label "$reference" "$import_label=$(date +%s%N)" >/dev/null
  # What an added node has of the old ones is links.
  [ -z "$(added_nodes)" ] || return 0
  case "$reference" in localhost/hone-*:*) ;; *) return 0 ;; esac
  while read -r old; do
    say "removing the old image $old"
    remove_image "$old"
  done < <(imports_of "${reference%:*}" | tail -n +3)
}

# imports_of REPOSITORY prints its images, the last import first; one without our label is older than all that have it.
imports_of() {
  containerd_images list | awk -v prefix="$1:" -v label="$import_label=" '
    index($1, prefix) == 1 {
      time = 0
      if (match($0, label "[0-9]+")) time = substr($0, RSTART + length(label), RLENGTH - length(label))
      print time, $1
    }' | sort -rn -k 1,1 | cut -d ' ' -f 2
}

# The kubelet's runtime knows an image by its digest as well, which would keep its content.
remove_image() {
  local digest names
  digest="$(containerd_images list "name==$1" | awk 'NR == 2 { print $3 }')"
  mapfile -t names < <(containerd_images list | awk -v digest="$digest" '$3 == digest { print $1 }')
  if [ "$(grep -cv '^sha256:' < <(printf '%s\n' "${names[@]}"))" -gt 1 ]; then
    names=("$1") # the same content under another name, which goes on needing it
  fi
  containerd_images rm --sync "${names[@]}" >/dev/null
}
