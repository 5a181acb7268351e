# Debian 12's and 13's packages; nothing is downloaded.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(absl REQUIRED)
find_package(Boost 1.74 CONFIG REQUIRED)  # its headers only: Asio, Beast
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
# The imported target carries the compile definitions that the shared library was built with.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(snappy REQUIRED IMPORTED_TARGET snappy)
# Hyperscan on x86, Vectorscan under the same name elsewhere; without either, the built-in
# Aho-Corasick scans alone.
pkg_check_modules(hyperscan IMPORTED_TARGET libhs)

if(TARGET yaml-cpp::yaml-cpp)
  set(TALLYBELL_YAML_CPP yaml-cpp::yaml-cpp)
else()
  set(TALLYBELL_YAML_CPP yaml-cpp)
endif()

if(TALLYBELL_ARCHIVES)
  include(cmake/Archives.cmake)
endif()
