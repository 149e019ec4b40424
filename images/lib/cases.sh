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

# What a registry holds and a node pulls, in megabytes (10⁶ bytes): Docker packs layers only when it pushes them.
is_no_larger_than() { # archive, MB
  local size
  size="$(($(gzip --fast <"$1" | wc --bytes) / 1000000))"
  ((size <= $2)) || { echo "it takes $size MB"; return 1; }
}

free_port() { python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'; }

# Starts the image's own entry point, waits until it answers there, and ends it. How long that took is left in $folder/ready.
answers() { # URL, log, NAME=VALUE…
  local url="$1" log="$2" running attempt started
  shift 2
  started="$(milliseconds)"
  (run_in "$@" -- "${entrypoint[@]}") >"$log" 2>&1 &
  running=$!
  for ((attempt = 0; attempt < 1200; attempt++)); do
    if curl --silent --fail --noproxy '*' --output /dev/null "$url"; then
      echo "ready in $(($(milliseconds) - started)) ms, with $(processor_time_below "$running") ms of processor time" >"$folder/ready"
      end "$running"
      return
    fi
    kill -0 "$running" 2>/dev/null || break
    sleep 0.05 # between two looks
  done
  end "$running"
  tail -n 20 "$log"
  return 1
}

# With a small model.
serves() { # NAME=VALUE…
  # shellcheck disable=SC2034 # read by run_in
  local port payload="$repository/runtime-image/server/src/test/resources/models/spam"
  port="$(free_port)"
  answers "http://127.0.0.1:$port/v2/health/ready" "$folder/server.log" HONE_MODEL_REPOSITORY=/tmp/payload HONE_GRPC_PORT=0 QUARKUS_HTTP_PORT="$port" QUARKUS_MANAGEMENT_PORT=0 "$@"
}

# With a stand-in for the API server, of which the operator gets its certificates and the lease.
operates() { # NAME=VALUE…
  # shellcheck disable=SC2034 # payload is read by run_in
  local payload="$folder/api" log="$folder/operator.log" api api_port='' attempt port status=0
  mkdir -p "$payload"
  rm -f "$payload"/*
  : >"$folder/api.log" # the first look may come before the shell has made it
  JAVA_HOME="$("$repository/build/java-home")" "$repository/operator/controller/training/stand-in" "$payload" "$files/opt/hone/lib/main" >"$folder/api.log" 2>&1 &
  api=$!
  for ((attempt = 0; attempt < 600; attempt++)); do
    api_port="$(sed -n 's/^listening on //p' "$folder/api.log")"
    if [[ -n "$api_port" ]] || ! kill -0 "$api" 2>/dev/null; then break; fi
    sleep 0.1 # between two looks
  done
  port="$(free_port)"
  answers "http://127.0.0.1:$port/q/health/ready" "$log" KUBECONFIG=/none KUBERNETES_MASTER="https://127.0.0.1:$api_port" KUBERNETES_CERTS_CA_FILE=/tmp/payload/api/ca.crt \
    HONE_TRAINER_IMAGE=trainer HONE_SERVER_IMAGE=server HONE_REPORT_PORT=0 QUARKUS_MANAGEMENT_PORT="$port" "$@" || status=$?
  kill "$api"
  wait "$api" 2>/dev/null || true
  [[ $status -eq 0 ]] || { tail -n 20 "$folder/api.log"; return "$status"; }
  # Classes that the linked runtime lacks would be named here.
  if grep -E '(NoClassDefFoundError|ClassNotFoundException|UnsatisfiedLinkError):' "$log"; then return 1; fi
}

# Ends what run_in started: unshare holds signals back, and its child, which took another user, is not told when unshare is gone.
end() { # process
  kill -KILL "$(child_of "$1" 2>/dev/null)" "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

child_of() { # process
  awk '{ print $1 }' "/proc/$1/task/$1/children"
}

milliseconds() { date +%s%3N; }

# What the only child of a process has used, in ms.
processor_time_below() { # process
  local child
  child="$(child_of "$1")"
  sed 's/.*) //' "/proc/$child/stat" | awk -v hertz="$(getconf CLK_TCK)" '{ printf "%d", ($12 + $13) * 1000 / hertz }'
}

# Without its cache the virtual machine would read nearly all of them from jars and from its modules.
takes_its_classes_from_the_cache() { # serves|operates, log, collector
  "$1" JAVA_TOOL_OPTIONS="-Xlog:class+load -XX:+Use$3GC"
  classes_come_from_the_cache "$2"
}

classes_come_from_the_cache() { # log
  awk '/source: shared objects file/ { cached++ } /source: (jrt|file):/ { read++ } END {
      if (cached < 1000 || read * 20 > cached) { print cached + 0 " classes came from the cache, " read + 0 " from elsewhere"; exit 1 }
    }' "$1"
}
