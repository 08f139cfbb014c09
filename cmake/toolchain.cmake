# Warnings are errors; a fast linker and a compiler cache when they are there;
# sanitizers by -DSTEELYARD_SANITIZE=address|thread.
find_package(OpenSSL REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)

find_library(ISAL_LIBRARY isal REQUIRED)
find_path(ISAL_INCLUDE isa-l/igzip_lib.h REQUIRED)
add_library(ISAL::isal UNKNOWN IMPORTED)
set_target_properties(ISAL::isal PROPERTIES IMPORTED_LOCATION ${ISAL_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${ISAL_INCLUDE})

find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)  # headers only

find_library(CLP_LIBRARY Clp REQUIRED)
find_library(COIN_UTILS_LIBRARY CoinUtils REQUIRED)
find_path(CLP_INCLUDE coin/ClpSimplex.hpp REQUIRED)
add_library(CLP::clp UNKNOWN IMPORTED)
set_target_properties(CLP::clp PROPERTIES IMPORTED_LOCATION ${CLP_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES "${CLP_INCLUDE};${CLP_INCLUDE}/coin"
                      INTERFACE_LINK_LIBRARIES ${COIN_UTILS_LIBRARY})

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What the optimiser says about inlined library code comes and goes between releases of g++: shown, not fatal.
  add_compile_options(-Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=stringop-overflow
                      -Wno-error=stringop-overread -Wno-error=restrict -Wno-error=free-nonheap-object)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    add_compile_options(-Wno-error=dangling-reference)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # std::stable_sort of libstdc++ 12 uses what the same header calls deprecated.
  add_compile_options(-Wno-error=deprecated-declarations)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(STEELYARD_SANITIZE "" CACHE STRING "address (with undefined) or thread")
option(STEELYARD_FUZZ "build the libFuzzer targets (clang)" OFF)
if(STEELYARD_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(STEELYARD_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
if(STEELYARD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # so that the fuzzer sees which way an input went through our code
endif()
