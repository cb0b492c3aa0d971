#include "host/agent/card_metrics.h"

#include <bit>
#include <string>
#include <string_view>
#include <utility>

namespace pointsman {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr size_t kFirstReasonWord = 32;
constexpr size_t kReasons = 32;

// The samples of one metric.
class FamilyOf {
 public:
  FamilyOf(MetricType type, const char* name, const char* help, const char* label = nullptr)
      : label_(label) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }

  FamilyOf& Add(const std::string& label_value, double value) {
    ClientMetric& metric = family_.metric.emplace_back();
    if (label_ != nullptr) metric.label.push_back({label_, label_value});
    if (family_.type == MetricType::Counter) metric.counter.value = value;
    if (family_.type == MetricType::Gauge) metric.gauge.value = value;
    return *this;
  }
  FamilyOf& Set(double value) { return Add("", value); }

  MetricFamily Take() { return std::move(family_); }

 private:
  const char* label_;
  MetricFamily family_;
};

double Word(const CardHealth& health, size_t word) {
  return word < health.statistics.size() ? health.statistics[word] : 0;
}

bool HasName(Reason reason) {
  return reason != Reason::kNone && std::string_view(Name(reason)) != "?";
}

MetricFamily Packets(const CardHealth& health) {
  FamilyOf family(MetricType::Counter, "pointsman_card_packets_total",
                  "Packets by what the card did with them", "did");
  for (const Statistic did :
       {Statistic::kUplinkReceived, Statistic::kNodeReceived, Statistic::kInjected,
        Statistic::kUplinkTransmitted, Statistic::kNodeTransmitted, Statistic::kPunted,
        Statistic::kPassed, Statistic::kForwarded, Statistic::kDropped}) {
    family.Add(Name(did), Word(health, static_cast<size_t>(did)));
  }
  return family.Take();
}

MetricFamily ConnectionEvents(const CardHealth& health) {
  FamilyOf family(MetricType::Counter, "pointsman_card_connection_events_total",
                  "Connections that the card recorded, saw closed, and removed", "event");
  for (const Statistic event : {Statistic::kLearned, Statistic::kClosed, Statistic::kExpired}) {
    family.Add(Name(event), Word(health, static_cast<size_t>(event)));
  }
  return family.Take();
}

MetricFamily ByReason(const CardHealth& health) {
  FamilyOf family(MetricType::Counter, "pointsman_card_packets_by_reason_total",
                  "Packets that the card punted to the host or dropped, by reason", "reason");
  for (size_t number = 0; number < kReasons; ++number) {
    const auto reason = static_cast<Reason>(number);
    if (HasName(reason)) family.Add(Name(reason), Word(health, kFirstReasonWord + number));
  }
  return family.Take();
}

MetricFamily State(const CardStatus& card) {
  FamilyOf family(MetricType::Gauge, "pointsman_card_state", "1 for the state that the card is in",
                  "state");
  for (const CardState state : kCardStates) family.Add(Name(state), state == card.state ? 1 : 0);
  return family.Take();
}

MetricFamily CarriedBy(const CardStatus& card) {
  FamilyOf family(MetricType::Gauge, "pointsman_carried_by", "1 for who carries the node's packets",
                  "carrier");
  for (const Carrier carrier : kCarriers) {
    family.Add(Name(carrier), carrier == card.carrier() ? 1 : 0);
  }
  return family.Take();
}

MetricFamily SoftwareFates(const PuntCounts& software) {
  FamilyOf family(MetricType::Counter, "pointsman_software_packets_total",
                  "Punted packets by what software did with them", "fate");
  for (size_t fate = 0; fate < kFates; ++fate) {
    family.Add(Name(Fate(fate)), static_cast<double>(software.by_fate[fate]));
  }
  return family.Take();
}

MetricFamily SoftwareDrops(const PuntCounts& software) {
  FamilyOf family(MetricType::Counter, "pointsman_software_drops_total",
                  "Punted packets that software dropped, by reason", "reason");
  for (size_t number = 0; number < kReasons; ++number) {
    const auto reason = static_cast<Reason>(number);
    if (HasName(reason)) family.Add(Name(reason), static_cast<double>(software.drops[number]));
  }
  return family.Take();
}

void AppendTables(const CardCounts& counts, std::vector<MetricFamily>& families) {
  FamilyOf used(MetricType::Gauge, "pointsman_table_rows_used", "Rows of a table that are in use",
                "table");
  FamilyOf size(MetricType::Gauge, "pointsman_table_rows", "Rows that a table has", "table");
  const struct {
    const char* table;
    size_t used;
    size_t size;
  } tables[] = {{"frontends", counts.frontends, counts.sizes.frontends},
                {"endpoints", counts.endpoints, counts.sizes.endpoints},
                {"sources", counts.sources, counts.sizes.sources},
                {"next-hops", counts.next_hops, counts.sizes.next_hops},
                {"connections", counts.card_connections,
                 size_t{counts.sizes.originals} + counts.sizes.originals_ipv6}};
  for (const auto& table : tables) {
    used.Add(table.table, static_cast<double>(table.used));
    size.Add(table.table, static_cast<double>(table.size));
  }
  families.push_back(used.Take());
  families.push_back(size.Take());
}

}  // namespace

void AppendCardMetrics(const CardCounts& counts, std::vector<MetricFamily>& families) {
  const CardHealth& health = counts.health;
  families.push_back(Packets(health));
  families.push_back(ConnectionEvents(health));
  families.push_back(ByReason(health));
  families.push_back(FamilyOf(MetricType::Counter, "pointsman_card_events_lost_total",
                              "Events that found no room in the card's ring")
                         .Set(Word(health, static_cast<size_t>(Statistic::kEventsLost)))
                         .Take());
  families.push_back(FamilyOf(MetricType::Counter, "pointsman_card_parity_errors_total",
                              "Rows that had lost their content")
                         .Set(Word(health, static_cast<size_t>(Statistic::kParityErrors)))
                         .Take());
  families.push_back(FamilyOf(MetricType::Counter, "pointsman_card_cycles_total",
                              "Clock cycles since the card was reset")
                         .Set(static_cast<double>(health.cycles))
                         .Take());
  families.push_back(FamilyOf(MetricType::Gauge, "pointsman_card_errors",
                              "Errors that the card reports; 0: it is well")
                         .Set(std::popcount(health.error_bits))
                         .Take());
  families.push_back(State(counts.card));
  families.push_back(CarriedBy(counts.card));
  families.push_back(FamilyOf(MetricType::Counter, "pointsman_card_failures_total",
                              "How often the card failed, or did not come back")
                         .Set(static_cast<double>(counts.card.failures))
                         .Take());
  families.push_back(SoftwareFates(counts.software));
  families.push_back(SoftwareDrops(counts.software));
  families.push_back(FamilyOf(MetricType::Gauge, "pointsman_connections",
                              "Connections that are known, by who carries them", "by")
                         .Add("card", static_cast<double>(counts.card_connections))
                         .Add("software", static_cast<double>(counts.software_connections))
                         .Take());
  AppendTables(counts, families);
}

}  // namespace pointsman
