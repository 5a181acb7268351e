# Warnings, hardening and sanitizers, in one place for every target.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wvla)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wthread-safety)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these in its own headers (variants, string concatenation) where there is nothing.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-pointer)
endif()
if(TALLYBELL_WERROR)
  add_compile_options(-Werror)
endif()

add_compile_definitions(_GLIBCXX_ASSERTIONS)
# Some libraries ask for it; a precompiled header is of no use where only some files have it.
add_compile_options(-pthread)
if(TALLYBELL_TESTS AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # Half a hundred programs are linked for the tests, with this in half the time.
  include(CheckLinkerFlag)
  check_linker_flag(CXX -fuse-ld=gold TALLYBELL_HAVE_GOLD)
  if(TALLYBELL_HAVE_GOLD)
    add_link_options(-fuse-ld=gold)
  endif()
endif()
if(TALLYBELL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "TALLYBELL_FUZZ needs libFuzzer: set CMAKE_CXX_COMPILER to clang++")
  endif()
  if(NOT TALLYBELL_SANITIZE)
    set(TALLYBELL_SANITIZE address,undefined)
  endif()
  # Everything is compiled for libFuzzer, tests too: one build directory serves both.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(TALLYBELL_SANITIZE)
  add_compile_options(-fsanitize=${TALLYBELL_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TALLYBELL_SANITIZE})
  if(TALLYBELL_SANITIZE MATCHES "thread")
    # See tests/support/tsan_absl_mutex.cc, which becomes part of the lowest library.
    find_file(absl_options absl/base/options.h REQUIRED)
    file(STRINGS ${absl_options} absl_namespace REGEX "define ABSL_OPTION_INLINE_NAMESPACE_NAME")
    string(REGEX REPLACE ".*NAME " "" absl_namespace "${absl_namespace}")
    foreach(symbol
        5Mutex4LockEv 5Mutex6UnlockEv 5Mutex5AwaitERKNS0_9ConditionE
        5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE 7CondVar4WaitEPNS0_5MutexE
        7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE
        12Notification6NotifyEv 15BlockingCounter14DecrementCountEv 15BlockingCounter4WaitEv)
      add_link_options(-Wl,--wrap=_ZN4absl7${absl_namespace}${symbol})
    endforeach()
    foreach(symbol
        12Notification19WaitForNotificationEv
        12Notification30WaitForNotificationWithTimeoutENS0_8DurationE)
      add_link_options(-Wl,--wrap=_ZNK4absl7${absl_namespace}${symbol})
    endforeach()
    # Abseil's own shared libraries call them too, in programs that do not.
    add_link_options(-Wl,-u,__wrap__ZN4absl7${absl_namespace}5Mutex4LockEv)
  endif()
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
                      -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  endif()
  add_link_options(-Wl,-z,relro,-z,now -pie)
endif()
