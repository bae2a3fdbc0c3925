include(GNUInstallDirs)
install(TARGETS cellwarden RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
