# Sourced by ./demo and by the end-to-end test: a small rack in network namespaces, with the simulated card in the wire
# between a router and a node.
#
#   lab-client (203.0.113.2) ─┐
#                             ├─ lab-router ── uplink [card] node ── lab-node (bridge, 192.168.0.2) ─┬─ lab-shopper (10.244.1.5)
#   lab-worker2 (10.244.2.x) ─┘  10.244.1.1             in lab-card                                  ├─ lab-storefront-0..2 (.10 .11 .12)
#                                192.168.0.1                                                         └─ lab-cart-0 (.13), lab-search-0 (.14)
#
# Pods' ports are isolated from each other, as virtual functions behind an external switch are: whatever a pod sends goes
# through the card. Needs root. Nothing leaves the machine.

export lab_prefix=${POINTSMAN_LAB:-lab}  # of the namespaces' names
lab_pods=(shopper=10.244.1.5 storefront-0=10.244.1.10 storefront-1=10.244.1.11 storefront-2=10.244.1.12
  cart-0=10.244.1.13 search-0=10.244.1.14)
lab_namespaces=(client router card node worker2 "${lab_pods[@]%%=*}")
lab_gateway_mac=02:00:00:00:01:01
lab_node_mac=02:00:00:00:01:02

lab_in() { ip netns exec "$lab_prefix-$1" "${@:2}"; }

# Whether this user and this kernel can make namespaces and veth pairs.
lab_possible() {
  [ "$(id -u)" -eq 0 ] && ip netns add $lab_prefix-probe 2>/dev/null &&
    ip -n $lab_prefix-probe link add name pair-a type veth peer name pair-b 2>/dev/null
  local result=$?
  ip netns del $lab_prefix-probe 2>/dev/null
  return $result
}

lab_down() {
  local name pids
  for name in "${lab_namespaces[@]}"; do
    pids=$(ip netns pids "$lab_prefix-$name" 2>/dev/null)
    [ -n "$pids" ] && kill $pids 2>/dev/null
    ip netns del "$lab_prefix-$name" 2>/dev/null
  done
  return 0
}

# lab_cable NAMESPACE INTERFACE NAMESPACE INTERFACE: a veth pair that leaves checksums and segments to its ends.
lab_cable() {
  ip -n "$lab_prefix-$1" link add "$2" type veth peer name "$4" netns "$lab_prefix-$3" || return 1
  local end
  for end in "$1 $2" "$3 $4"; do
    set -- $end
    lab_in "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off >/dev/null 2>&1
    lab_in "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1"
    ip -n "$lab_prefix-$1" link set "$2" up
  done
}

lab_mac_of() { printf '02:00:%02x:%02x:%02x:%02x' ${1//./ }; }

lab_pod() {
  local name=$1 address=$2
  lab_cable "$name" eth0 node "$name" || return 1
  ip -n "$lab_prefix-$name" link set eth0 address "$(lab_mac_of "$address")"
  ip -n "$lab_prefix-$name" address add "$address/32" dev eth0
  ip -n "$lab_prefix-$name" route add default via 10.244.1.1 dev eth0 onlink
  ip -n $lab_prefix-node link set "$name" master bridge
  ip -n $lab_prefix-node link set "$name" type bridge_slave isolated on
}

lab_router() {
  lab_cable router uplink card uplink && lab_cable client eth0 router client && lab_cable worker2 eth0 router worker2 || return 1
  ip -n $lab_prefix-router link set uplink address $lab_gateway_mac
  lab_in router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.uplink.send_redirects=0
  local address
  for address in 192.168.0.1/24 10.244.1.1/24; do ip -n $lab_prefix-router address add $address dev uplink; done
  ip -n $lab_prefix-router address add 203.0.113.1/24 dev client
  ip -n $lab_prefix-router address add 10.244.2.1/24 dev worker2
  ip -n $lab_prefix-router route add 198.51.100.10/32 via 192.168.0.2
  ip -n $lab_prefix-client address add 203.0.113.2/24 dev eth0
  ip -n $lab_prefix-client route add default via 203.0.113.1
  for address in 10.244.2.20/24 10.244.2.21/24 10.244.2.22/24; do ip -n $lab_prefix-worker2 address add $address dev eth0; done
  ip -n $lab_prefix-worker2 route add default via 10.244.2.1
}

lab_node() {
  ip -n $lab_prefix-node link add bridge type bridge
  ip -n $lab_prefix-node link set bridge address $lab_node_mac up
  lab_in node sysctl -qw net.ipv6.conf.bridge.disable_ipv6=1
  lab_cable card node node card || return 1
  ip -n $lab_prefix-node link set card master bridge
  ip -n $lab_prefix-node address add 192.168.0.2/24 dev bridge
  ip -n $lab_prefix-node route add default via 192.168.0.1
  local pod
  for pod in "${lab_pods[@]}"; do lab_pod "${pod%%=*}" "${pod#*=}" || return 1; done
}

lab_up() {
  lab_down
  local name
  for name in "${lab_namespaces[@]}"; do
    ip netns add "$lab_prefix-$name" && ip -n "$lab_prefix-$name" link set lo up || return 1
  done
  lab_router && lab_node
}

# Gives the rack IPv6 besides: fd00:10:244:1::N for pods, 2001:db8::2 for the node, 2001:db8:203::2 for the client.
lab_ipv6() {
  local place
  for place in "router uplink fd00:10:244:1::1/64" "router client 2001:db8:203::1/64" "client eth0 2001:db8:203::2/64" \
    "${lab_pods[@]}"; do
    case $place in
      *=*) set -- "${place%%=*}" eth0 "fd00:10:244:1::${place##*.}/128" ;;
      *) set -- $place ;;
    esac
    lab_in "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=0" net.ipv6.conf.default.accept_dad=0 "net.ipv6.conf.$2.accept_dad=0"
    ip -n "$lab_prefix-$1" -6 address add "$3" dev "$2" nodad || return 1
    [ "$2" = eth0 ] && [ "$1" != client ] && ip -n "$lab_prefix-$1" -6 route add default via fd00:10:244:1::1 dev eth0 onlink
  done
  lab_in router sysctl -qw net.ipv6.conf.all.forwarding=1
  ip -n $lab_prefix-client -6 route add default via 2001:db8:203::1
  ip -n $lab_prefix-router -6 route add 2001:db8::/64 dev uplink
  ip -n $lab_prefix-router -6 route add fd00:10:96::/112 dev uplink
  ip -n $lab_prefix-router -6 neighbor add 2001:db8::2 lladdr $lab_node_mac dev uplink
}

# lab_ipv6_manifests FOLDER: the node's address, and Service storefront-v6 at fd00:10:96::10, node port 30090.
lab_ipv6_manifests() {
  sed -i '0,/- {type: InternalIP, address: 192.168.0.2}/s//&\n    - {type: InternalIP, address: "2001:db8::2"}/
    0,/podCIDRs: \[10.244.1.0\/24\]/s//podCIDRs: [10.244.1.0\/24, "fd00:10:244:1::\/64"]/' "$1/node.yaml"
  sed -i -E 's/"ips": \["10\.244\.1\.([0-9]+)"\]/"ips": ["10.244.1.\1", "fd00:10:244:1::\1"]/' "$1"/*.yaml
  cat >"$1/storefront-v6.yaml" <<'EOT'
apiVersion: v1
kind: Service
metadata: {name: storefront-v6, namespace: shop}
spec:
  type: NodePort
  clusterIP: 'fd00:10:96::10'
  clusterIPs: ['fd00:10:96::10']
  ipFamilies: [IPv6]
  sessionAffinity: ClientIP
  ports: [{name: http, port: 80, targetPort: 80, nodePort: 30090}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: storefront-v6-a, namespace: shop, labels: {kubernetes.io/service-name: storefront-v6}}
addressType: IPv6
endpoints:
  - {addresses: ['fd00:10:244:1::10'], nodeName: worker-1, conditions: {ready: true}}
  - {addresses: ['fd00:10:244:1::11'], nodeName: worker-1, conditions: {ready: true}}
ports: [{name: http, port: 80, protocol: TCP}]
EOT
}

# lab_nginx FOLDER NAMESPACE NAME PORT...: a web server that says its name, and holds the files of FOLDER/files.
lab_nginx() {
  local folder=$1 namespace=$2 name=$3 port listen=
  shift 3
  for port in "$@"; do
    listen+="listen $port; "
    [ ! -e /proc/net/if_inet6 ] || listen+="listen [::]:$port; "
  done
  mkdir -p "$folder/$name"
  cat >"$folder/$name/nginx.conf" <<EOF
worker_processes 1;
pid $folder/$name/pid;
error_log $folder/$name/error.log;
events { worker_connections 256; }
http {
  access_log off;
  server {
    $listen
    default_type text/plain;
    location = / { return 200 "$name answers \$remote_addr\\n"; }
    location /files/ { alias $folder/files/; sendfile on; }
  }
}
EOF
  lab_in "$namespace" nginx -p "$folder/$name" -c "$folder/$name/nginx.conf"
}

# lab_servers FOLDER: web servers for the example's Services, and a name server that answers everything with one line.
lab_servers() {
  local folder=$1 pod
  mkdir -p "$folder/files" && chmod 755 "$folder"
  for pod in storefront-0 storefront-1 storefront-2 cart-0 search-0; do
    lab_nginx "$folder" $pod $pod 80 || return 1
  done
  lab_nginx "$folder" worker2 worker2 80 9090 || return 1
  lab_in worker2 python3 -c '
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("10.244.2.22", 5353))
while True:
    question, client = server.recvfrom(65535)
    server.sendto(b"answer to " + question, client)
' &
}

# lab_ask NAMESPACE ADDRESS PORT TEXT: one UDP question, prints the answer.
lab_ask() {
  lab_in "$1" python3 -c '
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.connect((sys.argv[1], int(sys.argv[2])))
client.send(sys.argv[3].encode())
print(client.recv(512).decode())
' "$2" "$3" "$4"
}

# lab_agent POINTSMAN MANIFESTS FOLDER [ARGUMENT...]: the agent with the simulated card, or what the arguments say instead,
# between the router and the node, and with DNS at 127.0.0.1 there; waits until it has programmed it. Its log is
# FOLDER/agent.log, its status socket FOLDER/agent.sock.
lab_agent() {
  local pointsman=$1 manifests=$2 folder=$3
  shift 3
  [ $# -gt 0 ] || set -- --card sim
  : >"$folder/agent.log"  # at once: what an earlier agent logged is not to be found below
  POINTSMAN_SIM_UPLINK=veth:uplink POINTSMAN_SIM_NODE=veth:node ip netns exec $lab_prefix-card "$pointsman" agent --node worker-1 \
    --manifests "$manifests" "$@" --status "$folder/agent.sock" --dns 127.0.0.1:53 >"$folder/agent.log" 2>&1 &
  lab_agent_pid=$!
  lab_wait_for 30 grep -q 'programmed .* frontends' "$folder/agent.log"
}

# lab_wait_for SECONDS COMMAND...: until it succeeds.
lab_wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] && { [ -z "${lab_agent_pid:-}" ] || kill -0 "$lab_agent_pid" 2>/dev/null; } || return 1
    sleep 0.2
  done
}

# The pod that joins the storefront while a download runs, as its manifest.
lab_third_storefront() {
  sed -n '/name: storefront-1$/,$p' "$1" | sed "1i ---\napiVersion: v1\nkind: Pod\nmetadata:" |
    sed 's/storefront-1/storefront-2/; s/10\.244\.1\.11/10.244.1.12/g; s/fd00:10:244:1::11/fd00:10:244:1::12/g; s/02:00:0a:f4:01:0b/02:00:0a:f4:01:0c/'
}
