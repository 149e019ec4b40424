# shellcheck shell=bash
# shellcheck disable=SC2154 # set by settings.sh
# The program that builds: buildah with a storage of its own below the cache folder, or Docker where buildah is missing.

engine() {
  if command -v buildah >/dev/null; then
    echo buildah
  elif docker info >/dev/null 2>&1; then
    echo docker
  else
    die "neither buildah nor a Docker engine was found; install buildah (Debian: apt-get install buildah)"
  fi
}

in_buildah() {
  BUILDAH_ISOLATION=chroot buildah --root "$cache/storage" --runroot "$cache/run" "$@"
}

has_image() { # reference
  case "$(engine)" in
    buildah) in_buildah inspect --type image "$1" >/dev/null 2>&1 ;;
    docker) docker image inspect "$1" >/dev/null 2>&1 ;;
  esac
}

build_image() { # reference, Containerfile, context, further arguments of `build`
  local reference="$1" file="$2" context="$3"
  shift 3
  case "$(engine)" in
    buildah) in_buildah build --quiet --layers --network host --file "$file" --tag "$reference" "$@" "$context" >&2 ;;
    docker) docker build --network host --file "$file" --tag "$reference" "$@" "$context" >&2 ;;
  esac
}

# The archive is only read by a container runtime on the same machine. Zstandard at its fastest takes a fraction of gzip's time on both sides and is no larger.
save_image() { # reference, archive
  case "$(engine)" in
    buildah) in_buildah push --quiet --compression-format zstd --compression-level 1 "$1" "oci-archive:$2:$1" >&2 ;;
    docker) docker save --output "$2" "$1" ;;
  esac
}

remove_image() { # reference
  case "$(engine)" in
    buildah) in_buildah rmi --force "$1" >/dev/null ;;
    docker) docker image rm --force "$1" >/dev/null ;;
  esac
}
