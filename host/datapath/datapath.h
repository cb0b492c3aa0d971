// A node's datapath in a test: forwarding in, packets in, packets out. What the executor hands over
// (punts) is served here as the agent's software path serves it, so that any executor gives the
// same frames.
//
// Not thread-safe.
#ifndef POINTSMAN_HOST_DATAPATH_DATAPATH_H_
#define POINTSMAN_HOST_DATAPATH_DATAPATH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flow_tables/forwarding.h"
#include "host/datapath/executor.h"
#include "host/softpath/software_path.h"

namespace pointsman {

struct ReceivedFrame {
  Port ingress = Port::kUplink;
  std::vector<uint8_t> frame;
};

struct SentFrame {
  Port egress = Port::kUplink;
  std::vector<uint8_t> frame;
};

struct ProcessedFrame {
  Outcome outcome;                  // the executor's last word
  Fate fate = Fate::kPassed;        // what became of it in the end
  bool served_in_software = false;  // at least once handed over
  std::vector<SentFrame> sent;      // empty: dropped
};

class Datapath {
 public:
  explicit Datapath(std::unique_ptr<Executor> executor);

  const Executor& executor() const { return *executor_; }
  const Image& image() const { return *image_; }

  // Forwards as `wanted` says from now on; connections stay. Errors: those of BuildImage and
  // Executor::Adopt, after which the old forwarding (or part of the way to the new one) is in
  // place.
  absl::Status Program(const Forwarding& wanted);

  // Forgets connections and session affinity.
  absl::Status Forget();

  // Runs frames that came at `now` as one burst: first all of them, then those that software gave
  // back, until none is left. Result i belongs to frame i.
  absl::StatusOr<std::vector<ProcessedFrame>> Process(std::span<const ReceivedFrame> frames,
                                                      absl::Time now);

 private:
  // A frame that is to be run, and whose it is.
  struct Waiting {
    size_t index;
    PendingPacket packet;
    uint8_t rounds = 0;
    bool is_scout = false;  // then it is not sent where it is forwarded
  };

  absl::Status Age(absl::Time now);
  // The image with what the software carries by itself.
  std::shared_ptr<const Image> WithHostConnections(std::shared_ptr<const Image> image) const;
  absl::Status TellHostConnections();
  void TellLearned(const PendingPacket& packet, const Outcome& outcome, absl::Time now);
  void Serve(Waiting& waiting, const ExecutedPacket& packet, absl::Time now, ProcessedFrame& result,
             std::vector<Waiting>& again);
  absl::StatusOr<std::vector<Waiting>> RunRound(std::vector<Waiting> waiting, absl::Time now,
                                                std::vector<ProcessedFrame>& results);

  std::unique_ptr<Executor> executor_;
  std::shared_ptr<const Image> image_;
  SoftwarePath software_;
  HostProtocols told_;  // the executor
  absl::Time aged_ = absl::InfinitePast();
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_DATAPATH_DATAPATH_H_
