# shellcheck shell=bash
# shellcheck disable=SC2154 # cache is set by settings.sh, folder by the file that sources this one
# Looks into an image that was built, and runs its programs as a pod does: as its own user, on a read-only root, with a /tmp.

# Gives the image's files as a folder: sets `files` and, with buildah, `container` (to be closed).
open_image() { # reference, archive
  case "$(engine)" in
    buildah)
      has_image "$1" || in_buildah pull --quiet "oci-archive:$2" >/dev/null
      container="$(in_buildah from --pull-never "$1")"
      files="$(in_buildah mount "$container")"
      ;;
    docker)
      container="$(docker create "$1")"
      files="$folder/files-${container:0:12}"
      mkdir "$files"
      docker export "$container" | tar -C "$files" -xf -
      ;;
  esac
}

close_image() {
  case "$(engine)" in
    buildah) in_buildah rm "$container" >/dev/null ;;
    docker)
      docker rm "$container" >/dev/null
      rm -rf "$files"
      ;;
  esac
}

# The image's configuration and history, as JSON.
configuration_of() { # reference
  case "$(engine)" in
    buildah) in_buildah inspect --type image "$1" | python3 -c 'import json, sys; image = json.load(sys.stdin)["OCIv1"]; print(json.dumps({"config": image["config"], "history": image["history"]}))' ;;
    docker) docker image inspect "$1" | python3 -c 'import json, sys; print(json.dumps({"config": json.load(sys.stdin)[0]["Config"]}))' && docker history --no-trunc "$1" ;;
  esac
}

# Runs a command on the image's files. The folder $payload, if there is one, is then below its /tmp/payload.
run_in() { # NAME=VALUE… -- command
  local settings=()
  while [[ "$1" != -- ]]; do
    settings+=("$1")
    shift
  done
  shift
  # shellcheck disable=SC2016 # expanded by the inner shell
  exec unshare --mount --pid --fork --kill-child bash -c '
    set -eu
    files="$1" payload="$2"; shift 2
    mount --bind "$files" "$files"
    mount --rbind /dev "$files/dev"
    mount -t proc proc "$files/proc"
    mount -t tmpfs tmpfs "$files/tmp"
    chmod 1777 "$files/tmp"
    [[ -z "$payload" ]] || { mkdir "$files/tmp/payload"; cp -r "$payload" "$files/tmp/payload"; }
    mount -o remount,bind,ro "$files"
    exec chroot --userspec=10001:10001 "$files" "$@"' run-in "$files" "${payload:-}" /usr/bin/env -i HOME=/tmp "${settings[@]}" "$@"
}
