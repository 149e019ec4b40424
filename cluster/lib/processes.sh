# shellcheck shell=bash
# Background processes: a record of pid and start time says whether a process is still the one that
# was started, so that a pid used again by the system is never taken for ours.

# Components of the cluster with one node, in the order in which they start.
components=(containerd etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy coredns)

pid_of() { cut -d' ' -f1 "$run_dir/pids/$1"; }

start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

alive() {
  local pid started
  read -r pid started 2>/dev/null <"$run_dir/pids/$1" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null
}

# start NAME COMMAND… does nothing if NAME is alive.
start() {
  local name="$1" pid
  shift
  alive "$name" && return 0
  mkdir -p "$run_dir/pids" "$logs_dir"
  # 9 is the lock of cluster/cluster, which must not live on in a daemon.
  setsid nohup "$@" >>"$logs_dir/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$run_dir/pids/$name"
}

# stop NAME… ends them together: politely, then, after ten seconds, not.
stop() {
  local name pid deadline=$((SECONDS + 10))
  for name in "$@"; do
    alive "$name" || continue
    read -r pid _ <"$run_dir/pids/$name"
    kill -TERM "$pid" 2>/dev/null || true
  done
  for name in "$@"; do
    while alive "$name"; do
      if ((SECONDS >= deadline)); then
        read -r pid _ <"$run_dir/pids/$name"
        kill -KILL "$pid" 2>/dev/null || true
      fi
      sleep 0.1
    done
    rm -f "$run_dir/pids/$name"
  done
}

# stop_dead NAME… ends them as a power cut would: at once.
stop_dead() {
  local name
  for name in "$@"; do ! alive "$name" || kill -KILL "$(pid_of "$name")" 2>/dev/null || true; done
  for name in "$@"; do
    wait_for 30 - "$name is gone" dead "$name"
    rm -f "$run_dir/pids/$name"
  done
}

dead() { ! alive "$1"; }

show_log() { tail -n 15 "$logs_dir/$1.log" >&2 2>/dev/null || true; }

any_alive() {
  local name
  for name in $(all_components); do alive "$name" && return 0; done
  return 1
}
