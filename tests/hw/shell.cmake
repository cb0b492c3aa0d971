# The card around a stand-in datapath (datapath_double.sv), by its pins.
if(POINTSMAN_SIMULATED_CARD)
  pointsman_rtl_sources(shell_sources sim)
  list(FILTER shell_sources EXCLUDE REGEX "/datapath\\.sv$")
  set(shell_rom ${CMAKE_BINARY_DIR}/generated/hw/sim/card_rom.hex)
  pointsman_simulated_card(shell
    SV_SOURCES ${shell_sources} ${CMAKE_CURRENT_SOURCE_DIR}/datapath_double.sv
    VERILATOR_ARGS -GROM_FILE="${shell_rom}" DEPENDS pointsman_generated)

  add_library(card_bench STATIC card_bench.cc ring_bench.cc)
  target_link_libraries(card_bench PUBLIC simulated_card_shell pointsman_options pointsman_card_layout pointsman_test_coverage GTest::gtest)
  pointsman_test(card_test
    SOURCES card_registers_test.cc card_commands_test.cc card_fuzz_test.cc card_ports_test.cc card_punt_test.cc card_rings_test.cc
    DEPS card_bench LABELS rtl)
  target_compile_definitions(card_test PRIVATE POINTSMAN_SIM_BLOB="${CMAKE_BINARY_DIR}/hw/sim.dtb")
endif()
