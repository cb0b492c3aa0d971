# The datapath alone, by its ports.
if(POINTSMAN_SIMULATED_CARD)
  set(datapath_rtl ${CMAKE_CURRENT_BINARY_DIR}/datapath.rtl)
  set(datapath_package ${CMAKE_BINARY_DIR}/generated/hw/sim/card_pkg.sv)
  file(STRINGS ${CMAKE_SOURCE_DIR}/hw/rtl/files.f datapath_sources)
  list(TRANSFORM datapath_sources PREPEND ${CMAKE_SOURCE_DIR}/)
  pointsman_verilate(${datapath_rtl} TOP datapath SV_SOURCES ${datapath_package} ${datapath_sources}
    VERILATOR_ARGS -Wno-fatal DEPENDS pointsman_generated)
  add_library(datapath_model STATIC ${datapath_rtl}/fast.cc ${datapath_rtl}/slow.cc)
  target_include_directories(datapath_model SYSTEM PUBLIC ${datapath_rtl})
  target_link_libraries(datapath_model PUBLIC pointsman_verilator)
  target_compile_options(datapath_model PRIVATE -w -O2 -g0)

  add_library(datapath_driver STATIC datapath_driver.cc datapath_fixture.cc)
  target_link_libraries(datapath_driver PUBLIC datapath_model pointsman_test_coverage pointsman_test_support GTest::gtest)
  pointsman_test(datapath_test
    SOURCES datapath_test.cc datapath_tunnel_test.cc datapath_affinity_test.cc datapath_host_test.cc datapath_ipv6_test.cc datapath_life_test.cc datapath_near_test.cc datapath_parity_test.cc datapath_rows_test.cc datapath_random_test.cc
    DEPS datapath_driver LABELS rtl TIMEOUT 600)
endif()
