# Language, warnings, ccache, sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(CW_SANITIZE "" CACHE STRING "address,undefined or thread")
option(CW_WERROR "Warnings are errors" ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Objects are the same wherever the tree lies, so a fresh clone finds them again.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

include_directories(${CMAKE_SOURCE_DIR})
add_compile_options(-Wall -Wextra -Wconversion -Wshadow)
if(CW_WERROR)
  add_compile_options(-Werror)
endif()
if(CW_SANITIZE)
  add_compile_options(-fsanitize=${CW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CW_SANITIZE})
endif()
