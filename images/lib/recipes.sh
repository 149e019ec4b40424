# shellcheck shell=bash
# shellcheck disable=SC2154 # set by settings.sh
# How each image is built from its Containerfile.

build_trainer() { # reference
  local folder="$repository/runtime-image/trainer" base
  base="$(provide_base python)"
  with_host_settings build_image "$1" "$folder/Containerfile" "$folder" --build-context "kernels=$repository/kernels" --build-arg "BASE=$base"
}

build_trainer-litert() { # reference
  local folder="$repository/runtime-image/trainer" trainer
  trainer="$("$repository/images/build" trainer | tail -n 1)"
  if [[ "$(engine)" == buildah ]] && ! has_image "$trainer"; then
    in_buildah pull --quiet "oci-archive:$(archive_of "$trainer")" >/dev/null
  fi
  with_host_settings build_image "$1" "$folder/Containerfile.litert" "$folder" --build-arg "TRAINER=$trainer"
}

build_operator() { build_java "$1" operator/controller; }

build_server() { build_java "$1" runtime-image/server; }

build_java() { # reference, module
  local folder="$repository/$2" base jdk
  package_java "$2"
  base="$(provide_base debian)"
  jdk="$(provide_base jdk)"
  build_image "$1" "$folder/Containerfile" "$folder" --build-arg "BASE=$base" --build-arg "JDK=$jdk"
}

# Makes the module's target/quarkus-app, without Error Prone, which takes longer than the rest and has its place in the tests; one Maven at a time, for the modules share the folder of operator/api.
package_java() (
  hold_lock maven
  say "packaging $1 with Maven"
  cd "$repository" || exit
  JAVA_HOME="$(build/java-home)" mvn --quiet --batch-mode --no-transfer-progress -pl "$1" -am package -Dmaven.test.skip=true -Dhone.lint.skip >&2
)

# Runs a build with the host's package settings as secrets: they are seen by the one command that needs them and stay in no layer.
with_host_settings() (
  secrets="$(mktemp -d)"
  trap 'rm -rf "$secrets"' EXIT
  chmod 700 "$secrets"
  pip_settings >"$secrets/pip.conf"
  cat "${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}" >"$secrets/ca.crt"
  "$@" --secret "id=pip,src=$secrets/pip.conf" --secret "id=ca,src=$secrets/ca.crt"
)

# The host's pip settings that say where packages come from, as a pip.conf for the build.
pip_settings() {
  echo '[global]'
  echo 'cert = /run/secrets/ca.crt'
  python3 -m pip config list 2>/dev/null |
    sed -n -E "s/^[^.]*\.(index-url|extra-index-url|trusted-host|proxy|timeout|default-timeout|retries)='(.*)'$/\1 = \2/p"
}
