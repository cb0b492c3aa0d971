# Sourced by end-to-end tests that know $source, behind checks.sh and lab.sh: what the agent itself knows outlives it. Connections over SCTP
# are raw packets; sixteen clients have addresses of their own.
kept_ports=16
kept_clients=(203.0.113.{101..116})

# kept_manifests FOLDER SCTP-ENDPOINTS TCP-ENDPOINTS: Services over SCTP, at node port 30096, and over TCP with session
# affinity, at 30095, with so many of the storefront's pods.
kept_manifests() {
  local name protocol port affinity endpoints i
  : >"$1.kept"
  for name in "associations SCTP 30096 None $2" "regulars TCP 30095 ClientIP $3"; do
    read -r name protocol port affinity endpoints <<<"$name"
    cat >>"$1.kept" <<EOT
---
apiVersion: v1
kind: Service
metadata: {name: $name, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.0.${port:3}
  clusterIPs: ['10.96.0.${port:3}']
  sessionAffinity: $affinity
  ports: [{name: front, protocol: $protocol, port: 80, targetPort: 80, nodePort: $port}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: $name-a, namespace: shop, labels: {kubernetes.io/service-name: $name}}
addressType: IPv4
ports: [{name: front, port: 80, protocol: $protocol}]
endpoints:
EOT
    for ((i = 0; i < endpoints; ++i)); do
      echo "  - {addresses: ['10.244.1.1$i'], nodeName: worker-1, conditions: {ready: true}}" >>"$1.kept"
    done
  done
  mv "$1.kept" "$1/kept.yaml"
}

# kept_up: the servers over SCTP and the clients' addresses.
kept_up() {
  local pod address
  for pod in 0 1 2; do lab_in storefront-$pod python3 "$source/tests/end_to_end/sctp.py" serve & done
  for address in "${kept_clients[@]}"; do ip -n $lab_prefix-client address add "$address/24" dev eth0; done
}

# kept_associations FIRST-PORT: which endpoint answers each, and which port of the node it saw.
kept_associations() { lab_in client python3 "$source/tests/end_to_end/sctp.py" ask 192.168.0.2 30096 "$1" $kept_ports; }
# Which endpoint answers each client.
kept_regulars() {
  local address
  for address in "${kept_clients[@]}"; do lab_in client curl -sS -m 15 --interface "$address" http://192.168.0.2:30095/; done
}

# kept_before: connections and clients begin. The agent runs, and has Services with 1 and 2 endpoints.
kept_before() {
  kept_associations_before=$(kept_associations 4000)
  kept_regulars_before=$(kept_regulars)
  expect "associations, masqueraded" "^$kept_ports\$" grep -c '10.244.1.10 saw 192.168.0.2:[0-9]' <<<"$kept_associations_before"
  expect "clients with affinity, at both endpoints" '^2$' sh -c "sort -u | wc -l" <<<"$kept_regulars_before"
}

# kept_after MANIFESTS: the next agent runs, and has programmed once. Endpoints join first, so that who is forgotten
# would go elsewhere.
kept_after() {
  expect "they are taken over" "goes on with $kept_ports connections in software and ${#kept_clients[@]} clients" cat "$work/agent.log"
  kept_manifests "$1" 3 3
  lab_wait_for 10 kept_programmed_again || fail "the endpoints that joined were not programmed"
  expect "associations begin at the endpoints that joined" '^[23]$' sh -c "grep -o '10.244.1.1[0-9] saw' | sort -u | wc -l" \
    <<<"$(kept_associations 5000)"
  local after
  after=$(kept_associations 4000)
  [ "$after" = "$kept_associations_before" ] && pass || fail "associations moved: $kept_associations_before became $after"
  after=$(kept_regulars)
  [ "$after" = "$kept_regulars_before" ] && pass || fail "clients moved: $kept_regulars_before became $after"
}
kept_programmed_again() { [ "$(grep -c programmed "$work/agent.log")" -ge 2 ]; }
