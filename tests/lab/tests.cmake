# Tests in the lab: a virtual machine with a real kernel and the hardware they want, see tests/lab/lab.
# cw_lab_test(NAME SWITCHES... [COMMAND...]): tests/lab/<NAME>_test.py, or COMMAND, as root in there.
function(cw_lab_test name)
  cmake_parse_arguments(ARG "" "" "SWITCHES;COMMAND" ${ARGN})
  if(NOT ARG_COMMAND)
    set(ARG_COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/lab/${name}_test.py)
  endif()
  add_test(NAME lab_${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/lab/lab run ${ARG_SWITCHES} -- ${ARG_COMMAND})
  set_tests_properties(lab_${name} PROPERTIES
    ENVIRONMENT "CELLWARDEN=$<TARGET_FILE:cellwarden>" LABELS lab SKIP_RETURN_CODE 77 TIMEOUT 300
    RUN_SERIAL TRUE)
endfunction()

add_test(NAME lab_itself COMMAND ${CMAKE_SOURCE_DIR}/tests/lab/lab_test.sh)
set_tests_properties(lab_itself PROPERTIES LABELS lab SKIP_RETURN_CODE 77 TIMEOUT 300 RUN_SERIAL TRUE)
cw_lab_test(inverter_can SWITCHES --can 10)
cw_lab_test(can SWITCHES --can 2)
cw_lab_test(can_load SWITCHES --can 1)
cw_lab_test(relays SWITCHES --gpio 8)
cw_lab_test(serial SWITCHES --usb)
cw_lab_test(ble SWITCHES --bluetooth)
cw_lab_test(simulated_ble SWITCHES --bluetooth)
