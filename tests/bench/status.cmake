add_executable(status_page_bench ${CMAKE_CURRENT_LIST_DIR}/status_page_bench.cc
  ${PROJECT_SOURCE_DIR}/tests/engine/serve/status_sample.cc)
target_link_libraries(status_page_bench PRIVATE tallybell_serve benchmark::benchmark_main)
