include(GoogleTest)

# What nearly every file includes, compiled once for the libraries and once, in tests/CMakeLists.txt,
# for the tests. It takes a third off a build from nothing; a cache of compilations cannot use it.
set(TALLYBELL_PCH_HEADERS <algorithm> <memory> <optional> <string> <vector>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/string_view.h>)
if(TALLYBELL_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/pch/none.cc "")
  add_library(tallybell_pch STATIC ${CMAKE_BINARY_DIR}/pch/none.cc)
  target_link_libraries(tallybell_pch PRIVATE absl::status absl::statusor absl::strings)
  target_precompile_headers(tallybell_pch PRIVATE ${TALLYBELL_PCH_HEADERS})
endif()

# One static library per folder, with its whole dependency list.
function(tallybell_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(tallybell_${name} STATIC ${ARG_SRCS})
  target_include_directories(tallybell_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(tallybell_${name} PUBLIC ${ARG_DEPS})
  if(TALLYBELL_PCH)
    target_precompile_headers(tallybell_${name} REUSE_FROM tallybell_pch)
  endif()
endfunction()

# One test executable per folder of the tree that tests/ mirrors; ctest knows each of its tests.
#
# Its label is the folder's name ("store"), and the target tests_<label> builds what has that label.
# Tests of one executable run one after another, so that two may use the same temporary file.
function(tallybell_test name)
  if(NOT TALLYBELL_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE TALLYBELL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main GTest::gtest)
  if(TALLYBELL_PCH)
    target_precompile_headers(${name} REUSE_FROM tallybell_test_pch)
  endif()
  get_filename_component(label ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  tallybell_label(${label} ${name})
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT 300 RESOURCE_LOCK ${name})
endfunction()

# Lets tests_<label> build `target` too.
function(tallybell_label label target)
  if(NOT TARGET tests_${label})
    add_custom_target(tests_${label})
  endif()
  add_dependencies(tests_${label} ${target})
endfunction()
