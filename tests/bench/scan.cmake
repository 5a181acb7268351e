add_library(tallybell_controller_log STATIC controller_log.cc dressed_log.cc)
target_include_directories(tallybell_controller_log PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(tallybell_controller_log PUBLIC absl::strings absl::str_format)

add_executable(generate_controller_log generate_controller_log.cc)
target_link_libraries(generate_controller_log PRIVATE tallybell_controller_log)

add_executable(measure measure.cc)

add_executable(scan_bench scan_bench.cc)
target_include_directories(scan_bench PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(scan_bench PRIVATE tallybell_scan tallybell_controller_log
                      benchmark::benchmark_main)
