# DuckDB as ./dev setup unpacked it into .deps/duckdb: libduckdb.so and duckdb.h (docs/dependencies.md).
set(STEELYARD_DUCKDB ${CMAKE_SOURCE_DIR}/.deps/duckdb CACHE PATH "folder with libduckdb.so and duckdb.h")
if(NOT EXISTS ${STEELYARD_DUCKDB}/libduckdb.so OR NOT EXISTS ${STEELYARD_DUCKDB}/duckdb.h)
  message(FATAL_ERROR "DuckDB is not in ${STEELYARD_DUCKDB}: run ./dev setup")
endif()
add_library(duckdb::duckdb SHARED IMPORTED)
set_target_properties(duckdb::duckdb PROPERTIES IMPORTED_LOCATION ${STEELYARD_DUCKDB}/libduckdb.so
                      INTERFACE_INCLUDE_DIRECTORIES ${STEELYARD_DUCKDB})
# install() would copy a symbolic link as a link.
file(REAL_PATH ${STEELYARD_DUCKDB}/libduckdb.so duckdb_library)
install(PROGRAMS ${duckdb_library} DESTINATION lib RENAME libduckdb.so)
