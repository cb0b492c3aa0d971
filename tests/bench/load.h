// How full the card's exact-match tables become before a key finds no place: the worst of several
// seeds and patterns of keys, as a share of the rows. Pure functions.
#ifndef POINTSMAN_TESTS_BENCH_LOAD_H_
#define POINTSMAN_TESTS_BENCH_LOAD_H_

#include <cstdint>

namespace pointsman {

// Rows of the tables that are filled: two banks of 16 Ki buckets of four ways.
inline constexpr uint32_t kLoadRows = 2 * 16 * 1024 * 4;

// A connection table, which the card fills by itself (hw/rtl/way_choice.sv): to the emptier of a
// key's two buckets, and nothing is moved. The load when both are full for the first time.
double FirstOverflowLoad();

// Table frontends, which the host fills (flow_tables/placement.h): other keys make room. The load
// when none is found for the first time.
double DisplacedLoad();

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_LOAD_H_
