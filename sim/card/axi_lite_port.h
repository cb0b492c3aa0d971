// The host side of s_axi_control: an AXI4-Lite master with one access at a time.
//
// Each clock: Sample() before the rising edge, Drive() after it. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_AXI_LITE_PORT_H_
#define POINTSMAN_SIM_CARD_AXI_LITE_PORT_H_

#include <cstdint>
#include <string>

#include "sim/card/pins.h"

namespace pointsman {

class AxiLitePort {
 public:
  // `pins` are borrowed and outlive the port.
  explicit AxiLitePort(const AxiLitePins& pins);

  // Drops an open access and drives the pins' reset values.
  void Reset();

  // Begins an access; its pins rise with the next Drive(). REQUIRES: idle().
  void StartRead(uint16_t offset_bytes);
  void StartWrite(uint16_t offset_bytes, uint32_t value);

  void Sample();
  void Drive();

  bool idle() const { return access_ == Access::kNone; }

  // Of the last finished access: the value read, and the AXI response (0 is OKAY).
  uint32_t value() const { return value_; }
  uint8_t response() const { return response_; }

  // What the open access waits for, for the message about a card that hangs.
  std::string Describe() const;

 private:
  enum class Access { kNone, kRead, kWrite };

  AxiLitePins pins_;
  Access access_ = Access::kNone;
  uint16_t offset_bytes_ = 0;
  uint32_t value_ = 0;
  uint8_t response_ = 0;
  // Address and data of a write are two channels that are accepted in either order.
  bool address_pending_ = false;
  bool data_pending_ = false;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_AXI_LITE_PORT_H_
