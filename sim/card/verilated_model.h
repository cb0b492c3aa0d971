// The RTL top `pointsman_card`, compiled by Verilator, as a CardModel.
//
// Every build of a card (pointsman_simulated_card() in CMake) has its own; a program links one.
#ifndef POINTSMAN_SIM_CARD_VERILATED_MODEL_H_
#define POINTSMAN_SIM_CARD_VERILATED_MODEL_H_

#include <memory>

#include "sim/card/card_model.h"

namespace pointsman {

std::unique_ptr<CardModel> CreateVerilatedModel();

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_VERILATED_MODEL_H_
