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
  mkdir -p "$cache/tmp"
  BUILDAH_ISOLATION=chroot TMPDIR="$cache/tmp" buildah --root "$cache/storage" --runroot "$cache/run" "$@"
}

# To be called by whatever builds or opens images. Whoever finds nobody else at work first removes what interrupted builds have left.
share_store() {
  local descriptor
  exec {descriptor}>"$cache/store.lock"
  if flock --exclusive --nonblock "$descriptor"; then
    remove_leftovers
  fi
  flock --shared "$descriptor"
}

# Containers and their mounts, layers that no image of ours goes back to, half-written archives and temporary files.
remove_leftovers() {
  rm -rf "$cache"/*.part "$cache"/root.?????? "$cache"/jdk.?????? "$cache/tmp"
  [[ -d "$cache/storage" && "$(engine)" == buildah ]] || return 0
  if [[ -n "$(in_buildah containers --quiet)" ]]; then
    say "removing the containers of an interrupted build"
    in_buildah umount --all >/dev/null
    in_buildah rm --all >/dev/null
  fi
  in_buildah rmi --prune >/dev/null
}

has_image() { # reference
  case "$(engine)" in
    buildah) in_buildah inspect --type image "$1" >/dev/null 2>&1 ;;
    docker) docker image inspect "$1" >/dev/null 2>&1 ;;
  esac
}

build_image() { # reference, Containerfile, context, further arguments of `build`
  local reference="$1" file="$2" context="$3" labels
  shift 3
  mapfile -t labels < <(build_labels)
  case "$(engine)" in
    buildah) in_buildah build --quiet --layers --network host --file "$file" --tag "$reference" "${labels[@]}" "$@" "$context" >&2 ;;
    docker) docker build --network host --file "$file" --tag "$reference" "${labels[@]}" "$@" "$context" >&2 ;;
  esac
}

# What the Containerfile cannot know: the version, and the commit where there is git.
build_labels() {
  local revision
  echo "--label=org.opencontainers.image.version=$(version)"
  revision="$(revision)"
  [[ -z "$revision" ]] || echo "--label=org.opencontainers.image.revision=$revision"
}

# The project's own version, which stands in the parent pom.
version() { sed -n '/<artifactId>hone-parent</,/<version>/s/.*<version>\(.*\)<\/version>.*/\1/p' "$repository/pom.xml"; }

# The commit that is checked out, marked where files differ from it; empty where there is no git.
revision() {
  local commit
  commit="$(git -C "$repository" rev-parse HEAD 2>/dev/null)" || return 0
  [[ -z "$(git -C "$repository" status --porcelain --untracked-files=no)" ]] || commit+="-dirty"
  echo "$commit"
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
