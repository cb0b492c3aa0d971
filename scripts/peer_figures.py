"""What the kernel's rules cost for the same Services: nft and iptables-legacy load rules as kube-proxy lays them out
(pkg/proxy/nftables/proxier.go, pkg/proxy/iptables/proxier.go), each in a network namespace of its own, and ours beside
them in the same run. CPU time of the tool, with what the kernel does for it."""
import os
import shutil
import subprocess
import sys
import tempfile

POD_CIDR = "10.0.0.0/8"
TABLE = "ip kube-proxy"


def service_ip(i):
    return f"172.{16 + ((i + 1) >> 16)}.{((i + 1) >> 8) & 255}.{(i + 1) & 255}"


def endpoints_of(i, count):
    numbers = range(i * count + 1, (i + 1) * count + 1)
    return [f"10.{128 + (n >> 16)}.{(n >> 8) & 255}.{n & 255}" for n in numbers]


def replaced(endpoints):
    return ["10.250.0.1"] + endpoints[1:]


class Nft:
    """A chain for each Service and each endpoint, a verdict map from addresses to Services."""
    program = "nft"
    HEAD = f"""add table {TABLE}
add set {TABLE} cluster-ips {{ type ipv4_addr ; }}
add map {TABLE} service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict ; }}
add chain {TABLE} nat-prerouting {{ type nat hook prerouting priority -100 ; }}
add chain {TABLE} nat-output {{ type nat hook output priority -100 ; }}
add chain {TABLE} nat-postrouting {{ type nat hook postrouting priority 100 ; }}
add chain {TABLE} services
add chain {TABLE} masquerading
add chain {TABLE} mark-for-masquerade
add rule {TABLE} nat-prerouting jump services
add rule {TABLE} nat-output jump services
add rule {TABLE} nat-postrouting jump masquerading
add rule {TABLE} masquerading mark and 0x4000 == 0 return
add rule {TABLE} masquerading mark set mark xor 0x4000
add rule {TABLE} masquerading masquerade fully-random
add rule {TABLE} mark-for-masquerade mark set mark or 0x4000
add rule {TABLE} services ip daddr . meta l4proto . th dport vmap @service-ips
"""

    def service(self, i):
        return f"service-{i:08x}-ns/svc{i}/tcp/p80"

    def endpoint(self, i, ip):
        return f"endpoint-{i:08x}-ns/svc{i}/tcp/p80__{ip}/8080"

    def endpoint_rules(self, i, ip):
        chain = self.endpoint(i, ip)
        return (f"add rule {TABLE} {chain} ip saddr {ip} jump mark-for-masquerade\n"
                f"add rule {TABLE} {chain} meta l4proto tcp dnat to {ip}:8080\n")

    def service_rules(self, i, endpoints):
        chain = self.service(i)
        verdicts = " , ".join(f"{n} : goto {self.endpoint(i, ip)}" for n, ip in enumerate(endpoints))
        return (f"add rule {TABLE} {chain} ip daddr {service_ip(i)} tcp dport 80 ip saddr != {POD_CIDR} "
                f"jump mark-for-masquerade\n"
                f"add rule {TABLE} {chain} numgen random mod {len(endpoints)} vmap {{ {verdicts} }}\n")

    def full(self, services, count):
        yield self.HEAD
        for i in range(services):
            yield f"add chain {TABLE} {self.service(i)}\n"
            for ip in endpoints_of(i, count):
                yield f"add chain {TABLE} {self.endpoint(i, ip)}\n"
        for i in range(services):
            endpoints = endpoints_of(i, count)
            for ip in endpoints:
                yield self.endpoint_rules(i, ip)
            yield self.service_rules(i, endpoints)
            yield f"add element {TABLE} cluster-ips {{ {service_ip(i)} }}\n"
            yield (f"add element {TABLE} service-ips {{ {service_ip(i)} . tcp . 80 : "
                   f"goto {self.service(i)} }}\n")

    def delta(self, i, old, new, _services):
        yield f"add chain {TABLE} {self.endpoint(i, new[0])}\n" + self.endpoint_rules(i, new[0])
        yield f"flush chain {TABLE} {self.service(i)}\n" + self.service_rules(i, new)
        yield f"delete chain {TABLE} {self.endpoint(i, old[0])}\n"

    def commands(self, full, delta):
        return f"nft -f {full}", f"nft -f {delta}"


class Iptables:
    """A rule for each Service in KUBE-SERVICES, a chain for each Service and each endpoint."""
    program = "iptables-legacy-restore"
    BASE = "".join(f":{c} - [0:0]\n" for c in ("KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"))
    POST = ("-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
            "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
            "-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n"
            "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n")

    def service(self, i):
        return f"KUBE-SVC-{i:016X}"

    def endpoint(self, ip):
        return "KUBE-SEP-" + "".join(f"{int(byte):02X}" for byte in ip.split(".")) + "00000000"

    def rule_of_services(self, i):
        return (f"-A KUBE-SERVICES -m comment --comment \"ns/svc{i}:p80 cluster IP\" -m tcp -p tcp "
                f"-d {service_ip(i)} --dport 80 -j {self.service(i)}\n")

    def service_rules(self, i, endpoints):
        chain = self.service(i)
        rules = (f"-A {chain} -m comment --comment \"ns/svc{i}:p80 cluster IP\" -m tcp -p tcp "
                 f"-d {service_ip(i)} --dport 80 ! -s {POD_CIDR} -j KUBE-MARK-MASQ\n")
        for n, ip in enumerate(endpoints):
            left = len(endpoints) - n
            chance = f" -m statistic --mode random --probability {1 / left:.10f}" if left > 1 else ""
            rules += (f"-A {chain} -m comment --comment \"ns/svc{i}:p80 -> {ip}:8080\"{chance} "
                      f"-j {self.endpoint(ip)}\n")
        return rules

    def endpoint_rules(self, i, ip):
        chain = self.endpoint(ip)
        return (f"-A {chain} -m comment --comment ns/svc{i}:p80 -s {ip} -j KUBE-MARK-MASQ\n"
                f"-A {chain} -m comment --comment ns/svc{i}:p80 -m tcp -p tcp -j DNAT --to-destination {ip}:8080\n")

    def full(self, services, count):
        yield "*nat\n" + self.BASE
        for i in range(services):
            yield f":{self.service(i)} - [0:0]\n"
            yield from (f":{self.endpoint(ip)} - [0:0]\n" for ip in endpoints_of(i, count))
        yield ("-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n"
               "-A POSTROUTING -j KUBE-POSTROUTING\n" + self.POST)
        for i in range(services):
            endpoints = endpoints_of(i, count)
            yield self.rule_of_services(i) + self.service_rules(i, endpoints)
            yield from (self.endpoint_rules(i, ip) for ip in endpoints)
        yield "COMMIT\n"

    def delta(self, i, old, new, services):
        """As kube-proxy's partial sync: all of KUBE-SERVICES is written again."""
        yield "*nat\n" + self.BASE
        yield "".join(f":{c} - [0:0]\n" for c in (self.service(i), self.endpoint(new[0]), self.endpoint(old[0])))
        yield self.POST
        yield from (self.rule_of_services(n) for n in range(services))
        yield self.service_rules(i, new) + self.endpoint_rules(i, new[0])
        yield f"-X {self.endpoint(old[0])}\nCOMMIT\n"

    def commands(self, full, delta):
        return f"iptables-legacy-restore {full}", f"iptables-legacy-restore --noflush {delta}"


def write(path, lines):
    with open(path, "w") as file:
        file.writelines(lines)


def cost(layout, services, count, folder):
    """(full, delta) in seconds: the delta is what full and delta together take more than full alone."""
    middle = services // 2
    endpoints = endpoints_of(middle, count)
    write(f"{folder}/full", layout.full(services, count))
    write(f"{folder}/there", layout.delta(middle, endpoints, replaced(endpoints), services))
    write(f"{folder}/back", layout.delta(middle, replaced(endpoints), endpoints, services))
    full, there = layout.commands(f"{folder}/full", f"{folder}/there")
    _, back = layout.commands(f"{folder}/full", f"{folder}/back")
    # bash's times at the end: of the first command, and of all.
    script = f"set -e; {full}; times; {there}; {back}; {there}; {back}; times"
    out = subprocess.run(["unshare", "-n", "bash", "-c", script], check=True, capture_output=True, text=True).stdout
    marks = [sum(map(to_seconds, line.split())) for line in out.splitlines()[1::2]]
    return marks[0], (marks[1] - marks[0]) / 4


def to_seconds(text):
    minutes, seconds = text.rstrip("s").split("m")
    return 60 * float(minutes) + float(seconds)


def ours(bench, services, count):
    out = subprocess.run([bench, "ours", str(services), str(count)], check=True, capture_output=True, text=True).stdout
    return tuple(float(word) for word in out.split())


def ratio(peer, name, theirs, our, goal):
    value = theirs / our
    print(f"{peer} {name}: {theirs:.3f} s, ours {our:.6f} s", file=sys.stderr)
    return {"group": "control", "name": f"{peer}_over_ours.{name}", "value": round(value, 1), "unit": "times",
            "goal": str(goal), "ok": value >= goal}


def peer_figures(bench):
    if os.geteuid() != 0:
        print("figures: nft and iptables are left out: they need root", file=sys.stderr)
        return
    goals = {"nft": {"full_1k": 50, "full_5k": 100, "delta_5k": 100}, "iptables": {"full_5k": 20, "delta_5k": 500}}
    for peer, layout in (("nft", Nft()), ("iptables", Iptables())):
        if shutil.which(layout.program) is None:
            print(f"figures: {peer} is left out: there is no {layout.program}", file=sys.stderr)
            continue
        for size, services in (("1k", 1000), ("5k", 5000)):
            if f"full_{size}" not in goals[peer]:
                continue
            with tempfile.TemporaryDirectory() as folder:
                theirs = cost(layout, services, 10, folder)
            for kind, their, our in zip(("full", "delta"), theirs, ours(bench, services, 10)):
                goal = goals[peer].get(f"{kind}_{size}")
                if goal is not None:
                    yield ratio(peer, f"{kind}_{size}", their, our, goal)
