# What a package or `cmake --install` puts where. A Debian package places the service's files by
# debhelper, which knows the folders of each release.
include(GNUInstallDirs)
option(CW_INSTALL_SERVICE "Install the systemd unit, its user and its folders" ON)

install(TARGETS cellwarden RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES etc/cellwarden.toml DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/cellwarden)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
if(CW_INSTALL_SERVICE)
  install(FILES systemd/cellwarden.service DESTINATION lib/systemd/system)
  install(FILES systemd/cellwarden.dbus.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/dbus-1/system.d RENAME cellwarden.conf)
  install(FILES systemd/cellwarden.sysusers DESTINATION lib/sysusers.d RENAME cellwarden.conf)
  install(FILES systemd/cellwarden.tmpfiles DESTINATION lib/tmpfiles.d RENAME cellwarden.conf)
endif()
