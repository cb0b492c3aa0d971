# What every folder's CMakeLists.txt uses: one line a library, one line a test.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(pointsman_options INTERFACE)
target_include_directories(pointsman_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(pointsman_options INTERFACE -Wall -Wextra -Werror -march=x86-64-v2)
if(POINTSMAN_SANITIZE)
  add_compile_options(-fsanitize=${POINTSMAN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${POINTSMAN_SANITIZE})
  # GCC 12 sees uninitialized members in std::regex where it instruments (GCC bug 105562), and says of fences, as the
  # simulated card's memory has, that ThreadSanitizer does not follow them.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-error=maybe-uninitialized -Wno-error=tsan)
  endif()
endif()

# pointsman_library(NAME SOURCES a.cc HEADERS a.h DEPS x y): static library pointsman_NAME; every header must compile alone.
function(pointsman_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPS" ${ARGN})
  add_library(pointsman_${name} STATIC ${ARG_SOURCES})
  target_sources(pointsman_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${ARG_HEADERS})
  target_link_libraries(pointsman_${name} PUBLIC pointsman_options ${ARG_DEPS})
endfunction()

# pointsman_test(NAME SOURCES a_test.cc DEPS x LABELS unit): a GoogleTest program, one CTest entry.
function(pointsman_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE pointsman_options ${ARG_DEPS} GTest::gmock_main)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
