// The wires of benches on packet ports.
#ifndef POINTSMAN_TESTS_BENCH_CABLES_H_
#define POINTSMAN_TESTS_BENCH_CABLES_H_

namespace pointsman {

// Enters a network namespace of its own with two veth pairs, up and without IPv6: uplink and
// generator, node and sink. False: root, namespaces or veth are missing.
bool MakeCables();

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_CABLES_H_
