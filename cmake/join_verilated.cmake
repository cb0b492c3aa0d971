# cmake -D FOLDER=... -P join_verilated.cmake: Verilator decides how many C++ files it writes; two that
# include them all have names a build can know beforehand.
file(GLOB sources RELATIVE ${FOLDER} ${FOLDER}/V*.cpp)
list(SORT sources)
foreach(source ${sources})
  if(source MATCHES "__Slow|__Syms|__Trace|__ConstPool")
    string(APPEND slow "#include \"${source}\"\n")
  else()
    string(APPEND fast "#include \"${source}\"\n")
  endif()
endforeach()
file(WRITE ${FOLDER}/fast.cc "${fast}")
file(WRITE ${FOLDER}/slow.cc "${slow}")
