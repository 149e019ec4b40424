# shellcheck shell=bash
# shellcheck disable=SC2154 # set by settings.sh
# What each image is made of, and the names that follow from it.

# The files and folders whose content decides; tests and what is built stay out of it.
inputs_of() {
  case "$1" in
    operator) printf '%s\n' pom.xml operator/api/pom.xml operator/api/src/main operator/apiserver-testing/pom.xml operator/controller/pom.xml operator/controller/src/main operator/controller/Containerfile operator/controller/training ;;
    server) printf '%s\n' pom.xml operator/api/pom.xml operator/api/src/main runtime-image/server/pom.xml runtime-image/server/src/main runtime-image/server/Containerfile runtime-image/server/training runtime-image/server/src/test/resources/models/spam runtime-image/server/src/test/resources/models/picture ;;
    trainer) printf '%s\n' runtime-image/trainer/pyproject.toml runtime-image/trainer/requirements.in runtime-image/trainer/requirements.lock runtime-image/trainer/src runtime-image/trainer/Containerfile kernels/pyproject.toml kernels/src ;;
    trainer-litert)
      inputs_of trainer
      printf '%s\n' runtime-image/trainer/requirements-litert.lock runtime-image/trainer/Containerfile.litert
      ;;
  esac
}

bases_of() {
  case "$1" in
    operator | server) printf '%s\n' jdk debian ;;
    trainer | trainer-litert) echo python ;;
  esac
}

# The functions that make it. What they look like without comments and white space decides, so that a comment renames nothing.
recipe_of() {
  case "$1" in
    operator | server) printf '%s\n' "build_$1" build_java package_java ;;
    trainer) printf '%s\n' build_trainer with_host_settings pip_settings ;;
    trainer-litert)
      recipe_of trainer
      echo build_trainer-litert
      ;;
  esac
}

# One line for each thing that the image is made of.
made_of() {
  local base paths recipe
  for base in $(bases_of "$1"); do
    base_reference "$base"
  done
  mapfile -t recipe < <(recipe_of "$1")
  declare -f "${recipe[@]}"
  mapfile -t paths < <(inputs_of "$1")
  (cd "$repository" && list_files "${paths[@]}" | LC_ALL=C sort -z | xargs -0 sha256sum)
}

# What git knows or would add, or everything where there is no git (a source archive); only what is there.
list_files() {
  {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
      git ls-files -z --cached --others --exclude-standard -- "$@"
    else
      find "$@" -type f ! -name '*.pyc' -print0
    fi
  } | while IFS= read -r -d '' file; do
    [[ ! -f "$file" ]] || printf '%s\0' "$file"
  done
}

reference_of() { echo "localhost/hone-$1:$(made_of "$1" | sha256sum | cut -c1-12)"; }

archive_of() { # localhost/hone-NAME:TAG
  local name="${1##*/hone-}"
  echo "$cache/${name/:/-}.tar"
}

reference_of_archive() { # …/NAME-TAG.tar
  local file
  file="$(basename "$1" .tar)"
  echo "localhost/hone-${file%-*}:${file##*-}"
}

size_of() { du -h "$1" | cut -f 1; }
