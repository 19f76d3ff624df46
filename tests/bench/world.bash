# Sourced by the benches that need a platform: takes them into a world of their own and starts one.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { echo "$(basename "$0"): $*" >&2; }
die() { say "$@"; exit 2; }

# Goes on in a sandbox, with the same arguments.
enter_world() { # ARGUMENT...
  [ -n "${BACKENDIM_SCRATCH:-}" ] || exec "$root/tests/support/sandbox" --with-caller "$root/tests/support/with-servers" "$0" "$@"
}

need() { # PROGRAM...
  local program
  for program; do
    command -v "$program" >/dev/null || die "$program is missing"
  done
}

pids=() # of what goes when the bench ends
end_all() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}

api=http://127.0.0.1:7780
edge=http://127.0.0.1:8080

# Starts backendimd; its pid is in platform, its state in state, its first token in token.
start_platform() { # BUILD_FOLDER
  local build=$1 base_images
  state=${state:-$BACKENDIM_SCRATCH/state}
  base_images=$(tr ' ' '\n' <<<"$BACKENDIM_BASE_IMAGES" | jq -Rcn '[inputs]')
  cat >"$BACKENDIM_SCRATCH/config.json" <<CONFIG
{"state": "$state", "listen": "${api#http://}", "edge": "${edge#http://}",
 "docker_socket": "$BACKENDIM_DOCKER_SOCKET", "registry": "$BACKENDIM_REGISTRY",
 "builder": {"user": "$BACKENDIM_BUILD_USER", "base_images": $base_images,
             "sources": {"ca_bundle": "/etc/ssl/certs/ca-certificates.crt"}}}
CONFIG
  "$build/bin/daemon/backendimd" --config "$BACKENDIM_SCRATCH/config.json" \
    2>"$BACKENDIM_SCRATCH/daemon.log" &
  platform=$!
  pids+=("$platform")
  for _ in $(seq 600); do
    kill -0 "$platform" 2>/dev/null || die "backendimd ends: $(tail -n 3 "$BACKENDIM_SCRATCH/daemon.log")"
    ! curl -sf -o /dev/null "$api/readyz" || break
    sleep 0.1
  done
  curl -sf -o /dev/null "$api/readyz" || die "backendimd is not ready after 60 s"
  token=$(<"$state/admin.token")
}

log_in() { # BUILD_FOLDER
  export XDG_CONFIG_HOME=$BACKENDIM_SCRATCH/user
  "$1/bin/cli/backend-im" auth login --token-file "$state/admin.token" --url "$api" >&2
}

ask() { curl -sf -H "Authorization: Bearer $token" "$api$1"; }

ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; } # of CPU, 10 ms each
resident_kb() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }

# Waits until a process has used next to no CPU for two seconds.
wait_until_idle() { # PID SECONDS
  local before after quiet=0
  for _ in $(seq "$2"); do
    before=$(ticks "$1")
    sleep 1
    after=$(ticks "$1")
    quiet=$((after - before <= 3 ? quiet + 1 : 0))
    [ $quiet -lt 2 ] || return 0
  done
  return 1
}

median() { sort -n | awk '{x[NR] = $1} END {print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2}'; }

failed=0
# Prints a line of the verdict; remembers when a goal is missed.
goal() { # NAME VALUE at_most|at_least BOUND
  if awk -v x="$2" -v y="$4" -v how="$3" 'BEGIN {exit !(how == "at_most" ? x <= y : x >= y)}'; then
    printf '%-44s %8s   goal %s %s: holds\n' "$1" "$2" "${3/_/ }" "$4"
  else
    printf '%-44s %8s   goal %s %s: MISSED\n' "$1" "$2" "${3/_/ }" "$4"
    failed=1
  fi
}
ratio() { awk -v x="$1" -v y="$2" 'BEGIN {printf "%.2f", x / y}'; }
