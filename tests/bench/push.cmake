add_executable(source_loki_push_bench ${CMAKE_CURRENT_LIST_DIR}/source_loki_push_bench.cc
  ${PROJECT_SOURCE_DIR}/tests/support/loki_push_encoder.cc)
target_link_libraries(source_loki_push_bench PRIVATE tallybell_run benchmark::benchmark_main)
