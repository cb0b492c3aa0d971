#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "flow_tables/flow.h"
#include "flow_tables/packet.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/manifest_input.h"
#include "host/cli/open_datapath.h"
#include "host/cli/pcap_file.h"
#include "host/cli/text_table.h"

namespace pointsman {
namespace {

// Frames that go through the datapath as one burst.
constexpr size_t kBurst = 256;

struct ReplayOptions {
  ManifestOptions manifests;
  std::string in;
  std::string out;
  DatapathOptions datapath;
  std::string output = "text";
};

// A capture does not say by which port a frame came: by that through which its sender is reached.
class IngressGuess {
 public:
  explicit IngressGuess(const Forwarding& forwarding) {
    for (const Source& source : forwarding.sources) {
      if (source.next_hop.egress == Port::kNode && source.prefix.length_bits == 128)
        node_side_.insert(source.prefix.address);
    }
  }
  Port Of(const std::vector<uint8_t>& frame) const {
    const std::span<const uint8_t> bytes(frame);
    const std::optional<Flow> flow = ParseFlow(bytes.subspan(VlanTagBytes(bytes)));
    return flow && node_side_.contains(flow->key.source) ? Port::kNode : Port::kUplink;
  }

 private:
  std::set<Address> node_side_;
};

struct Tally {
  std::map<std::string, uint64_t> by_fate;
  uint64_t frames_in = 0, frames_out = 0, in_software = 0;
};

std::string FateText(const Outcome& outcome) {
  if (outcome.reason == Reason::kNone) return Name(outcome.verdict);
  return fmt::format("{} ({})", Name(outcome.verdict), Name(outcome.reason));
}

absl::StatusOr<Tally> Replay(const ReplayOptions& options, const Forwarding& forwarding,
                             Datapath& datapath, const std::vector<CapturedFrame>& captured) {
  if (absl::Status status = datapath.Program(forwarding); !status.ok()) return status;
  const IngressGuess ingress(forwarding);
  Tally tally;
  std::vector<CapturedFrame> sent;
  for (size_t start = 0; start < captured.size(); start += kBurst) {
    const size_t count = std::min(kBurst, captured.size() - start);
    std::vector<ReceivedFrame> burst;
    for (size_t i = 0; i < count; ++i) {
      const std::vector<uint8_t>& frame = captured[start + i].frame;
      burst.push_back({ingress.Of(frame), frame});
    }
    absl::StatusOr<std::vector<ProcessedFrame>> processed =
        datapath.Process(burst, absl::TimeFromTimeval(captured[start].time));
    if (!processed.ok()) return processed.status();
    for (size_t i = 0; i < count; ++i) {
      ++tally.by_fate[FateText((*processed)[i].outcome)];
      tally.in_software += (*processed)[i].served_in_software;
      for (SentFrame& frame : (*processed)[i].sent) {
        sent.push_back({captured[start + i].time, std::move(frame.frame)});
      }
    }
  }
  tally.frames_in = captured.size();
  tally.frames_out = sent.size();
  if (absl::Status status = WriteCapture(options.out, sent); !status.ok()) return status;
  return tally;
}

void Print(const ReplayOptions& options, const Tally& tally) {
  if (options.output == "json") {
    const nlohmann::json document = {{"datapath", options.datapath.datapath},
                                     {"frames_in", tally.frames_in},
                                     {"frames_out", tally.frames_out},
                                     {"in_software", tally.in_software},
                                     {"fates", tally.by_fate}};
    fmt::print("{}\n", document.dump(2));
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"WHAT BECAME OF THEM", "FRAMES"}};
  for (const auto& [fate, count] : tally.by_fate) rows.push_back({fate, std::to_string(count)});
  fmt::print("{}{} frames in, {} out to {}; {} handed to the host by the {} datapath\n",
             TextTable(rows), tally.frames_in, tally.frames_out, options.out, tally.in_software,
             options.datapath.datapath);
  const SimulationFiles& files = options.datapath.files;
  if (files.pipeline_trace)
    fmt::print("pipeline trace: open {} in https://ui.perfetto.dev\n", *files.pipeline_trace);
  if (files.waveform) fmt::print("waveform: gtkwave {}\n", *files.waveform);
}

int RunReplay(const ReplayOptions& options) {
  if (absl::Status status = RequestSimulationFiles(options.datapath); !status.ok())
    return ReportInputError(status);
  const absl::StatusOr<ManifestInput> input = ReadManifests(options.manifests);
  if (!input.ok()) return ReportInputError(input.status());
  absl::StatusOr<std::vector<CapturedFrame>> captured = ReadCapture(options.in);
  if (!captured.ok()) return ReportInputError(captured.status());
  absl::StatusOr<std::unique_ptr<Datapath>> datapath = OpenDatapath(options.datapath);
  if (!datapath.ok()) return ReportCardError(datapath.status());
  absl::StatusOr<Tally> tally = Replay(options, input->node.forwarding, **datapath, *captured);
  if (!tally.ok()) return ReportCardError(tally.status());
  Print(options, *tally);
  return kExitDone;
}

}  // namespace

void AddReplayCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay",
      "Sends the frames of a capture through a node's datapath and writes what leaves it.\n"
      "A frame counts as received by the port through which its sender is reached. Example:\n"
      "  pointsman replay --manifests examples/web-shop/manifests --node worker-1 --in a.pcap "
      "--out b.pcap\n"
      "To see each packet in each stage of the simulated card, and the rows it meets there:\n"
      "  pointsman replay ... --datapath card --pipeline-trace card.json\n"
      "Open card.json in https://ui.perfetto.dev: a track is a stage, a microsecond is a clock, "
      "and\n"
      "a click on a slice shows its packet's verdict, addresses and rows.");
  AddManifestOptions(*command, options->manifests);
  command->add_option("--in", options->in, "capture to read (pcap or pcapng, Ethernet)")
      ->required();
  command->add_option("--out", options->out, "capture to write")->required();
  AddDatapathOptions(*command, options->datapath);
  AddSimulationFileOptions(*command, options->datapath.files);
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunReplay(*options); }; });
}

}  // namespace pointsman
