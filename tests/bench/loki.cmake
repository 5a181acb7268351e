add_executable(loki_tail_bench ${CMAKE_CURRENT_LIST_DIR}/loki_tail_bench.cc
  ${PROJECT_SOURCE_DIR}/tests/engine/net/raw_websocket_server.cc)
target_link_libraries(loki_tail_bench PRIVATE tallybell_source benchmark::benchmark_main)
add_executable(loki_query_bench ${CMAKE_CURRENT_LIST_DIR}/loki_query_bench.cc
  ${PROJECT_SOURCE_DIR}/tests/support/scripted_receiver.cc)
target_link_libraries(loki_query_bench PRIVATE tallybell_run benchmark::benchmark_main)
