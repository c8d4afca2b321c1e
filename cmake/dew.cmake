# How a folder becomes a library: dew_library(NAME ...) takes every *.cc of the folder (not *_test.cc,
# *_fuzz.cc), and makes NAME_test of its *_test.cc files and one fuzz target of each *_fuzz.cc.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
if(DEW_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

add_library(dew_options INTERFACE)
# No deprecated-declarations: libstdc++ 12's own stable_sort calls a function that it deprecates.
target_compile_options(dew_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -Wno-gnu-statement-expression-from-macro-expansion -Wno-deprecated-declarations -Werror=return-type -Werror=unused-result
  -fPIE -ffunction-sections -fdata-sections -fno-omit-frame-pointer -Xclang -fno-pch-timestamp)
target_compile_definitions(dew_options INTERFACE
  BOOST_ALL_NO_LIB BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT
  SPDLOG_FMT_EXTERNAL DEW_VERSION="${PROJECT_VERSION}")
target_include_directories(dew_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(dew_options INTERFACE Threads::Threads fmt::fmt)
target_link_options(dew_options INTERFACE -fuse-ld=mold -pie)
if(DEW_SANITIZE)
  target_compile_options(dew_options INTERFACE -fsanitize=${DEW_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(dew_options INTERFACE -fsanitize=${DEW_SANITIZE})
else()
  # Less to map and to relocate. mold crashes on it with the sanitizers' sections.
  target_link_options(dew_options INTERFACE -Wl,--gc-sections,--icf=safe)
endif()
if(DEW_FUZZ)
  target_compile_options(dew_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# One precompiled header for all of src/: the standard library and the JSON library.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc.in "")
configure_file(${CMAKE_BINARY_DIR}/pch.cc.in ${CMAKE_BINARY_DIR}/pch.cc COPYONLY)
add_library(dew_pch STATIC ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(dew_pch PRIVATE dew_options)
target_precompile_headers(dew_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <expected> <functional> <map> <memory>
  <mutex> <optional> <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>
  <boost/json.hpp> <fmt/format.h>)

# A library of Debian's by its name, linked statically where Debian has it so: starting then resolves and relocates only
# what is used of it, which is a tenth of the time to ready. Shared for the thread sanitizer, whose suppressions name
# libraries. OpenSSL and what libzip shares with us stay shared.
function(dew_find_library variable name)
  if(DEW_SANITIZE MATCHES "thread")
    find_library(DEW_SHARED_${variable} NAMES ${name} REQUIRED)
    set(${variable} ${DEW_SHARED_${variable}} PARENT_SCOPE)
  else()
    find_library(DEW_STATIC_${variable} NAMES lib${name}.a REQUIRED)
    set(${variable} ${DEW_STATIC_${variable}} PARENT_SCOPE)
  endif()
endfunction()

function(dew_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;PRIVATE_DEPS;TEST_DEPS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz)|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(APPEND sources ${ARG_SOURCES})
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC dew_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
    target_precompile_headers(${name} REUSE_FROM dew_pch)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE dew_options ${ARG_DEPS})
  endif()
  if(DEW_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARG_TEST_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
    target_precompile_headers(${name}_test REUSE_FROM dew_pch)
    target_compile_definitions(${name}_test PRIVATE DEW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
  if(DEW_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE ${name} ${ARG_TEST_DEPS})
      target_precompile_headers(${target} REUSE_FROM dew_pch)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY DEW_FUZZERS ${target})
    endforeach()
  endif()
endfunction()

# Puts a file's bytes into a library: `extern "C" const char dew_embed_<symbol>_begin[], dew_embed_<symbol>_end[];`
function(dew_embed target symbol file)
  get_filename_component(path ${file} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  set(asm ${CMAKE_CURRENT_BINARY_DIR}/embed_${symbol}.S)
  file(CONFIGURE OUTPUT ${asm} CONTENT
"  .section .rodata
  .global dew_embed_@symbol@_begin
  .global dew_embed_@symbol@_end
  .balign 16
dew_embed_@symbol@_begin:
  .incbin \"@path@\"
dew_embed_@symbol@_end:
  .byte 0
  .section .note.GNU-stack,\"\",%progbits
" @ONLY)
  set_source_files_properties(${asm} PROPERTIES OBJECT_DEPENDS ${path} SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${asm})
endfunction()
