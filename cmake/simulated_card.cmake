# pointsman_card_model(NAME SV_SOURCES a.sv... [INCLUDE_DIRS d...] [VERILATOR_ARGS x...] [DEPENDS target...])
# pointsman_simulated_card(the same)
#
# Both verilate a design with the top `pointsman_card`. The first builds from it, where something needs it,
#   simulated_card_NAME          static library: CreateVerilatedModel() and the simulated card around it
# the second also, always,
#   <build>/sim/NAME             a folder for XILINX_XRT: lib/libxrt_hwemu.so.2 with the card inside,
#                                and pointsman.xclbin to load (target simulated_card_NAME_xrt)
# Sources may be generated files; DEPENDS names the targets that make them.
# Where Verilator or XRT is missing it does nothing, and POINTSMAN_SIMULATED_CARD is OFF.
find_package(verilator 5 QUIET HINTS $ENV{VERILATOR_ROOT})
find_package(ZLIB QUIET)
find_path(XRT_INCLUDE xrt/xrt.h)
find_library(XRT_COREUTIL xrt_coreutil)
find_library(XRT_HWEMU_ARCHIVE libxrt_hwemu.a)
find_library(XRT_CORE libxrt_core.so.2)
find_library(UUID_LIBRARY uuid)

if(NOT verilator_FOUND OR NOT ZLIB_FOUND)
  message(STATUS "Simulated card left out: Verilator 5 or zlib1g-dev is missing")
elseif(NOT XRT_INCLUDE OR NOT XRT_COREUTIL OR NOT XRT_HWEMU_ARCHIVE OR NOT XRT_CORE OR NOT UUID_LIBRARY)
  message(STATUS "Simulated card left out: libxrt-dev (XRT 2.13) or uuid-dev is missing")
else()
  set(POINTSMAN_SIMULATED_CARD ON CACHE INTERNAL "simulated cards can be built")
endif()

if(POINTSMAN_SIMULATED_CARD)
  # Verilator's runtime, with our hooks in place of its abort().
  add_library(pointsman_verilator STATIC ${VERILATOR_ROOT}/include/verilated.cpp
    ${VERILATOR_ROOT}/include/verilated_fst_c.cpp ${VERILATOR_ROOT}/include/verilated_threads.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/pipeline_probe.cc ${CMAKE_CURRENT_SOURCE_DIR}/verilated_hooks.cc)
  target_include_directories(pointsman_verilator SYSTEM PUBLIC ${VERILATOR_ROOT}/include
    ${VERILATOR_ROOT}/include/vltstd)
  target_compile_definitions(pointsman_verilator PUBLIC VM_COVERAGE=0 VM_SC=0 VM_TRACE=1 VM_TRACE_FST=1
    VM_TRACE_VCD=0 PRIVATE VL_USER_FINISH VL_USER_STOP VL_USER_FATAL
    VL_PRINTF=pointsman::PrintFromModel)
  # Its writers of waveforms read and store words at any address.
  target_compile_options(pointsman_verilator PRIVATE -O2 -w -march=x86-64-v2 -fno-sanitize=alignment
    -include ${CMAKE_CURRENT_SOURCE_DIR}/verilated_hooks.h)
  target_include_directories(pointsman_verilator PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(pointsman_verilator PUBLIC pointsman_card_layout absl::status absl::cord fmt::fmt ZLIB::ZLIB Threads::Threads)

  # What XRT asks of a device library: its own compiled device classes over the xcl* functions of ours.
  set(xrt_device_objects device_hwemu.cxx.o system_hwemu.cxx.o device_pcie.cpp.o system_pcie.cpp.o aie_stubs.cpp.o)
  set(xrt_device_folder ${CMAKE_CURRENT_BINARY_DIR}/xrt_device)
  list(TRANSFORM xrt_device_objects PREPEND ${xrt_device_folder}/ OUTPUT_VARIABLE xrt_device_paths)
  file(MAKE_DIRECTORY ${xrt_device_folder})
  add_custom_command(OUTPUT ${xrt_device_paths}
    COMMAND ${CMAKE_AR} x ${XRT_HWEMU_ARCHIVE} ${xrt_device_objects}
    DEPENDS ${XRT_HWEMU_ARCHIVE} WORKING_DIRECTORY ${xrt_device_folder} COMMENT "device classes of XRT")
  add_custom_target(pointsman_xrt_device DEPENDS ${xrt_device_paths})
  add_library(pointsman_xrt_shim OBJECT xclbin_reader.cc xrt_core_glue.cc xrt_shim.cc xrt_shim_buffers.cc
    xrt_shim_device.cc xrt_shim_memory.cc xrt_shim_not_offered.cc)
  add_dependencies(pointsman_xrt_shim pointsman_xrt_device)
  target_include_directories(pointsman_xrt_shim SYSTEM PUBLIC ${XRT_INCLUDE} ${XRT_INCLUDE}/xrt)
  # xrt.h marks as deprecated some calls that every device library still has to offer.
  target_compile_options(pointsman_xrt_shim PRIVATE -Wno-deprecated-declarations)
  target_link_libraries(pointsman_xrt_shim PUBLIC pointsman_sim_card
    INTERFACE ${xrt_device_paths} ${XRT_COREUTIL} ${UUID_LIBRARY})

  add_executable(pointsman_make_xclbin make_xclbin.cc)
  target_include_directories(pointsman_make_xclbin SYSTEM PRIVATE ${XRT_INCLUDE} ${XRT_INCLUDE}/xrt)
  target_link_libraries(pointsman_make_xclbin PRIVATE pointsman_options)
endif()

# The design as two C++ files, <folder>/fast.cc (what runs in every clock) and <folder>/slow.cc, class V<TOP>
# (default: pointsman_card).
function(pointsman_verilate folder)
  cmake_parse_arguments(ARG "" "TOP" "SV_SOURCES;INCLUDE_DIRS;VERILATOR_ARGS;DEPENDS" ${ARGN})
  if(NOT ARG_TOP)
    set(ARG_TOP pointsman_card)
  endif()
  list(TRANSFORM ARG_INCLUDE_DIRS PREPEND -I)
  # Files of an earlier version of the design would be joined with this one's.
  add_custom_command(OUTPUT ${folder}/fast.cc ${folder}/slow.cc
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${folder}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${VERILATOR_BIN} --cc -O3 --x-assign fast --x-initial fast --trace-fst --assert
      --prefix V${ARG_TOP} --top-module ${ARG_TOP} --Mdir ${folder} ${ARG_INCLUDE_DIRS}
      ${ARG_VERILATOR_ARGS} ${ARG_SV_SOURCES}
    COMMAND ${CMAKE_COMMAND} -D FOLDER=${folder} -P ${PROJECT_SOURCE_DIR}/cmake/join_verilated.cmake
    DEPENDS ${ARG_SV_SOURCES} ${ARG_DEPENDS} ${PROJECT_SOURCE_DIR}/cmake/join_verilated.cmake
    COMMENT "verilating ${folder}" VERBATIM)
endfunction()

function(pointsman_card_model name)
  if(NOT POINTSMAN_SIMULATED_CARD)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SV_SOURCES;INCLUDE_DIRS;VERILATOR_ARGS;DEPENDS" ${ARGN})
  list(TRANSFORM ARG_SV_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  set(rtl ${CMAKE_CURRENT_BINARY_DIR}/simulated_card_${name}.rtl)
  pointsman_verilate(${rtl} SV_SOURCES ${ARG_SV_SOURCES} INCLUDE_DIRS ${ARG_INCLUDE_DIRS}
    VERILATOR_ARGS ${ARG_VERILATOR_ARGS} DEPENDS ${ARG_DEPENDS})
  set(card ${PROJECT_SOURCE_DIR}/sim/card)

  add_library(simulated_card_${name}_rtl OBJECT EXCLUDE_FROM_ALL ${rtl}/fast.cc ${rtl}/slow.cc)
  target_include_directories(simulated_card_${name}_rtl SYSTEM PUBLIC ${rtl})
  target_link_libraries(simulated_card_${name}_rtl PUBLIC pointsman_verilator)
  target_compile_definitions(simulated_card_${name}_rtl PRIVATE VL_PRINTF=pointsman::PrintFromModel)
  target_compile_options(simulated_card_${name}_rtl PRIVATE -w -g0 -march=x86-64-v2 -fno-sanitize=alignment
    -include ${card}/verilated_hooks.h)
  set_source_files_properties(${rtl}/fast.cc PROPERTIES COMPILE_OPTIONS -O3)
  set_source_files_properties(${rtl}/slow.cc PROPERTIES COMPILE_OPTIONS -O1)

  add_library(simulated_card_${name} STATIC EXCLUDE_FROM_ALL ${card}/verilated_model.cc
    $<TARGET_OBJECTS:simulated_card_${name}_rtl>)
  target_include_directories(simulated_card_${name} SYSTEM PRIVATE ${rtl})
  add_dependencies(simulated_card_${name} simulated_card_${name}_rtl)
  target_link_libraries(simulated_card_${name} PUBLIC pointsman_sim_card pointsman_verilator)
endfunction()

function(pointsman_simulated_card name)
  if(NOT POINTSMAN_SIMULATED_CARD)
    return()
  endif()
  pointsman_card_model(${name} ${ARGN})
  set(xrt ${CMAKE_BINARY_DIR}/sim/${name})
  add_library(simulated_card_${name}_shim SHARED $<TARGET_OBJECTS:pointsman_xrt_shim>)
  set_target_properties(simulated_card_${name}_shim PROPERTIES OUTPUT_NAME xrt_hwemu SUFFIX .so.2
    LIBRARY_OUTPUT_DIRECTORY ${xrt}/lib LINKER_LANGUAGE CXX)
  target_link_libraries(simulated_card_${name}_shim PRIVATE simulated_card_${name} pointsman_xrt_shim)
  if(POINTSMAN_SANITIZE)
    target_link_options(simulated_card_${name}_shim PRIVATE -Wl,-Bsymbolic)
  else()
    target_link_options(simulated_card_${name}_shim PRIVATE -Wl,-Bsymbolic -Wl,-z,defs)
  endif()

  add_custom_command(OUTPUT ${xrt}/pointsman.xclbin ${xrt}/lib/libxrt_core.so.2
    COMMAND pointsman_make_xclbin ${xrt}/pointsman.xclbin
    COMMAND ${CMAKE_COMMAND} -E make_directory ${xrt}/lib
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${XRT_CORE} ${xrt}/lib/libxrt_core.so.2
    DEPENDS pointsman_make_xclbin COMMENT "xclbin of the simulated card ${name}" VERBATIM)
  add_custom_target(simulated_card_${name}_xrt ALL DEPENDS ${xrt}/pointsman.xclbin simulated_card_${name}_shim)
endfunction()
