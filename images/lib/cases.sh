# shellcheck shell=bash
# shellcheck disable=SC2154 # files, folder and so on are set by the files that source this one
# What images/test checks, one function each; a function says what is wrong and fails.

says() { # what must stand in the configuration
  grep -qF -- "$1" <<<"$configuration" || { echo "not in the configuration: $1"; echo "$configuration"; return 1; }
}

has_labels() {
  local label
  for label in title description licenses; do
    says "org.opencontainers.image.$label"
  done
  says "\"org.opencontainers.image.version\": \"$(version)\""
  [[ -z "$(revision)" ]] || says "org.opencontainers.image.revision"
}

# What the trainer's image would be called if its recipe were another text.
reference_with() { # sed program
  (
    # shellcheck source=/dev/null
    source <(sed "$1" "$here/lib/recipes.sh")
    reference_of trainer
  )
}

is_named_by_what_it_is_made_of() {
  [[ "$(reference_with 's/^build_trainer/# A comment.\n&/')" == "$(reference_of trainer)" ]] || { echo "a comment gives it another name"; return 1; }
  [[ "$(reference_with 's/cert = /certificate = /')" != "$(reference_of trainer)" ]] || { echo "another recipe gives it the same name"; return 1; }
}

keeps_no_settings() {
  local found
  if grep -qiE 'PIP_|index-url|trusted-host|_proxy' <<<"$configuration"; then
    grep -oiE '.{0,60}(PIP_INDEX|index-url|trusted-host|_proxy).{0,60}' <<<"$configuration" && return 1
  fi
  found="$(cd "$files" && find ./root ./tmp ./run ./etc -xdev \( -name 'pip*.conf' -o -path '*/.cache/*' -o -path '*/run/secrets/*' -o -name 'auth.conf' -o -name .netrc \) -print)"
  [[ -z "$found" ]] || { echo "left in the image: ${found:0:500}"; return 1; }
}

belongs_to_root() {
  local found
  found="$(find "$files/opt" \( ! -user 0 -o -perm -o+w \) ! -type l -print -quit)"
  [[ -z "$found" ]] || { echo "the image's user could change $found"; return 1; }
}

prints() { # expected pattern, then what run_in takes
  local pattern="$1" output
  shift
  output="$(run_in "$@" 2>&1)"
  grep -qE "$pattern" <<<"$output" || { echo "expected $pattern, got: $output"; return 1; }
}

has_natives_of_one_platform() {
  local library names
  for library in "$files"/opt/hone/lib/main/*.onnxruntime-*.jar "$files"/opt/hone/lib/main/*.tokenizers-*.jar; do
    names="$(python3 -c 'import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep="\n")' "$library")"
    grep -q '\.so$' <<<"$names" || { echo "$library has no native library"; return 1; }
    if grep -E '\.(dll|dylib)$' <<<"$names"; then return 1; fi
  done
}

free_port() { python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'; }

# Starts the image's own entry point and waits until what it logs, or answers, is right.
serves() { # URL path
  local port management log="$folder/server.log" running attempt
  port="$(free_port)"
  management="$(free_port)"
  (run_in HONE_MODEL_REPOSITORY=/tmp QUARKUS_HTTP_PORT="$port" QUARKUS_MANAGEMENT_PORT="$management" -- "${entrypoint[@]}") >"$log" 2>&1 &
  running=$!
  for ((attempt = 0; attempt < 300; attempt++)); do
    if curl --silent --fail --noproxy '*' --output /dev/null "http://127.0.0.1:$port$1"; then
      kill "$running"
      return
    fi
    kill -0 "$running" 2>/dev/null || break
    sleep 0.2 # between two looks
  done
  kill "$running" 2>/dev/null || true
  tail -n 20 "$log"
  return 1
}

# Without a cluster the operator can only go as far as asking one; that it does shows that its runtime has what it needs.
asks_the_api_server() {
  local log="$folder/operator.log" running port attempt
  port="$(free_port)"
  (run_in QUARKUS_HTTP_PORT=0 HONE_REPORT_PORT=0 HONE_TRAINER_IMAGE=trainer HONE_SERVER_IMAGE=server KUBECONFIG=/none KUBERNETES_MASTER="https://127.0.0.1:$port" \
    -- "${entrypoint[@]}") >"$log" 2>&1 &
  running=$!
  for ((attempt = 0; attempt < 300; attempt++)); do
    if grep -q "127.0.0.1:$port" "$log"; then
      kill "$running" 2>/dev/null || true
      # Classes that the linked runtime lacks would be named here.
      if grep -E 'NoClassDefFoundError|ClassNotFoundException|UnsatisfiedLinkError' "$log"; then return 1; fi
      return
    fi
    kill -0 "$running" 2>/dev/null || break
    sleep 0.2 # between two looks
  done
  kill "$running" 2>/dev/null || true
  tail -n 20 "$log"
  return 1
}
