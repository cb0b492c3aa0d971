# Sourced by ./demo, ./check and ./figures: installs what is missing, configures and builds. Nothing is done twice.

packages=(
  build-essential pkg-config cmake ninja-build ccache git python3 clang-format-14
  libjemalloc-dev libgtest-dev libgmock-dev libbenchmark-dev
  libabsl-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libyaml-cpp-dev libcurl4-openssl-dev libsimdjson-dev
  prometheus-cpp-dev libnl-3-dev libnl-route-3-dev libdpdk-dev
  device-tree-compiler libfdt-dev libpcap-dev libxrt-dev libboost-dev uuid-dev zlib1g-dev libcpp-httplib-dev libldns-dev verilator yosys
  iproute2 nftables iptables ethtool curl openssl nginx-light procps clang-14 libclang-rt-14-dev
)

# Clones of the project share what one of them compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

say() { printf '\n== %s\n' "$*"; }

# Runs a command with its output in a log; shows the last lines, and fails, if it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log"
    printf '\nfailed: %s\nall of its output: %s\n' "$*" "$log"
    return 1
  fi
}

install_packages() {
  local missing=() name root=()
  for name in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "These packages are missing and need root to install: ${missing[*]}"
      return 1
    }
    root=(sudo)
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  quietly build/logs/apt-update.log "${root[@]}" apt-get update || return 1
  quietly build/logs/apt-install.log "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}" || return 1
  # Debian starts a web server that is only wanted inside namespaces.
  [[ " ${missing[*]} " != *" nginx-light "* ]] || "${root[@]}" systemctl disable --now nginx >/dev/null 2>&1
  return 0
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  say "Configuring (preset $preset)"
  quietly "build/logs/configure-$preset.log" cmake --preset "$preset" || return 1
  say "Building${*:+ $*} (the first time takes some minutes; log: build/logs/build-$preset.log)"
  NINJA_STATUS='[%f/%t %es] ' cmake --build --preset "$preset" ${*:+--target "$@"} 2>&1 |
    tee "build/logs/build-$preset.log" | show_progress
  [ "${PIPESTATUS[0]}" -eq 0 ] || {
    grep -A 12 -m 3 -E 'error:|FAILED|%Error' "build/logs/build-$preset.log"
    return 1
  }
}

# One line that overwrites itself on a terminal, one line in twenty elsewhere.
show_progress() {
  local line count=0
  while IFS= read -r line; do
    case $line in '['*) ;; *) continue ;; esac
    count=$((count + 1))
    if [ -t 1 ]; then
      printf '\r\033[K%.110s' "$line"
    elif [ $((count % 20)) -eq 1 ]; then
      printf '%.110s\n' "$line"
    fi
  done
  [ -t 1 ] && printf '\n'
  return 0
}
