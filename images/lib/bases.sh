# shellcheck shell=bash
# shellcheck disable=SC2154 # set by settings.sh
# The images that ours start from: public ones, or stand-ins made here where nothing can be pulled.
#
# HONE_BASES=local makes them with mmdebstrap from Debian's packages (and the JDK from the host's); HONE_BASES=public pulls them.
# The default is local where mmdebstrap is installed and buildah builds.

suite=bookworm
public_base=docker.io/library/debian:bookworm-slim
public_jdk=docker.io/library/eclipse-temurin:25-jdk

bases() {
  if [[ -n "${HONE_BASES:-}" ]]; then
    [[ "$HONE_BASES" == local || "$HONE_BASES" == public ]] || die "HONE_BASES is '$HONE_BASES'; write local or public"
    echo "$HONE_BASES"
  elif command -v mmdebstrap >/dev/null && [[ "$(engine)" == buildah ]]; then
    echo local
  else
    echo public
  fi
}

# Prints what a base is called, without making it.
base_reference() { # debian|python|jdk
  if [[ "$(bases)" == public ]]; then
    if [[ "$1" == jdk ]]; then echo "$public_jdk"; else echo "$public_base"; fi
    return
  fi
  echo "localhost/hone-base-$1:$(base_made_of "$1" | sha256sum | cut -c1-12)"
}

# One line for each thing that a base of our own is made of; comments are not among them.
base_made_of() { # debian|python|jdk
  declare -f "make_$1"
  case "$1" in
    debian | python)
      echo "$suite"
      declare -f make_root debian_sources
      ;;
    jdk)
      base_reference debian
      cat "$(host_jdk)/release"
      ;;
  esac
}

# Makes a base if it is missing, and prints what it is called.
provide_base() { # debian|python|jdk
  local reference
  reference="$(base_reference "$1")"
  if [[ "$(bases)" == local ]]; then
    (
      hold_lock "base-$1"
      # Not `has_image || make`: that would switch off errexit in everything that makes it.
      if ! has_image "$reference"; then
        "make_$1" "$reference"
      fi
    )
  fi
  echo "$reference"
}

make_debian() { make_root "$1"; }

make_python() { make_root "$1" python3 python3-venv ca-certificates gcc libc6-dev libpython3-dev; }

# The JDK of the host, at the path where the public image has it.
make_jdk() {
  local base container jdk home=/opt/java/openjdk tree
  base="$(provide_base debian)"
  jdk="$(host_jdk)"
  say "making $1 from $jdk"
  container="$(in_buildah from --quiet "$base")"
  # Links are followed: distributions keep the trusted certificates elsewhere.
  tree="$(mktemp -d "$cache/jdk.XXXXXX")"
  tar -C "$jdk" --dereference --exclude ./lib/src.zip -cf "$tree/jdk.tar" .
  in_buildah add --quiet "$container" "$tree/jdk.tar" "$home" >/dev/null
  rm -rf "$tree"
  in_buildah config --env JAVA_HOME="$home" --env PATH="$home/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$container"
  in_buildah commit --quiet --rm "$container" "$1" >/dev/null
}

make_root() { # reference, further packages
  local reference="$1" tree sources container include=()
  shift
  [[ $# -eq 0 ]] || include=(--include="$(IFS=,; echo "$*")")
  say "making $reference with mmdebstrap"
  tree="$(mktemp -d "$cache/root.XXXXXX")"
  mapfile -t sources < <(debian_sources)
  # shellcheck disable=SC2016 # the hook is expanded by the shell that mmdebstrap starts
  mmdebstrap --quiet --variant=minbase "${include[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/auth.conf* "$1"/var/lib/apt/lists "$1"/var/log/*.log "$1"/var/cache/apt' \
    "$suite" "$tree/root.tar" "${sources[@]}" >&2
  container="$(in_buildah from --quiet scratch)"
  in_buildah add --quiet "$container" "$tree/root.tar" / >/dev/null
  in_buildah config --cmd /bin/bash "$container"
  in_buildah commit --quiet --rm "$container" "$reference" >/dev/null
  rm -rf "$tree"
}

# The host's own Debian sources if they are of the suite; none means mmdebstrap's default.
debian_sources() {
  local file
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if grep -qsw "$suite" "$file"; then
      echo "$file"
      return
    fi
  done
}

host_jdk() { readlink -f "$("$repository/build/java-home")"; }
