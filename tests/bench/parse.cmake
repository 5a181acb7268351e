add_executable(line_text_bench ${CMAKE_CURRENT_LIST_DIR}/line_text_bench.cc)
target_link_libraries(line_text_bench PRIVATE tallybell_frame benchmark::benchmark_main)

add_executable(parse_glog_bench ${CMAKE_CURRENT_LIST_DIR}/parse_glog_bench.cc)
target_link_libraries(parse_glog_bench PRIVATE tallybell_parse benchmark::benchmark_main)

add_executable(parse_formats_bench ${CMAKE_CURRENT_LIST_DIR}/parse_formats_bench.cc)
target_link_libraries(parse_formats_bench PRIVATE tallybell_parse benchmark::benchmark_main)
