add_executable(confirm_bench ${CMAKE_CURRENT_LIST_DIR}/confirm_bench.cc)
target_link_libraries(confirm_bench PRIVATE tallybell_match tallybell_controller_log
                      benchmark::benchmark_main)

add_executable(window_bench ${CMAKE_CURRENT_LIST_DIR}/window_bench.cc)
target_link_libraries(window_bench PRIVATE tallybell_window benchmark::benchmark_main)

add_executable(fingerprint_bench ${CMAKE_CURRENT_LIST_DIR}/fingerprint_bench.cc)
target_link_libraries(fingerprint_bench PRIVATE tallybell_model benchmark::benchmark_main)
