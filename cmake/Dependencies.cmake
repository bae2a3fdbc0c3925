# Everything comes from Debian 12 or 13; scripts/install-packages names the packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(MODBUS REQUIRED IMPORTED_TARGET libmodbus)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
# 1.2 on Debian 12, 2.x on 13; drivers/transport/ble_bus.cpp speaks both.
find_package(sdbus-c++ REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

find_library(PAHO_MQTTPP paho-mqttpp3 REQUIRED)
find_library(PAHO_MQTT paho-mqtt3as REQUIRED)
add_library(paho INTERFACE)
target_link_libraries(paho INTERFACE ${PAHO_MQTTPP} ${PAHO_MQTT})
