#!/usr/bin/env bash
# The Debian package as a user meets it: it builds, lintian finds no error, its files are where they
# belong, the unit is valid and its sandbox tight, the program in it starts with the configuration in
# it, and it installs and purges without a trace (in a throw-away layer over this machine's files).
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in dpkg-buildpackage dh lintian systemd-analyze; do
  command -v "$tool" >/dev/null || { echo "Skipped: $tool is missing (scripts/install-packages package test)"; exit 77; }
done

failures=0
unchecked=()
check() {  # check "what holds" command...
  local title=$1; shift
  if "$@"; then echo "ok: $title"; else echo "FAILED: $title"; failures=$((failures + 1)); fi
}

scripts/build-package
deb=$(ls build/package/cellwarden_*.deb)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
dpkg-deb -x "$deb" "$tree"
dpkg-deb -e "$deb" "$work/control"

# ---- files --------------------------------------------------------------------------------------
is() { [ "$(stat -c '%a %F' "$tree/$1" 2>/dev/null)" = "$2 regular file" ]; }
check "the program" is usr/bin/cellwarden 755
check "the configuration" is etc/cellwarden/cellwarden.toml 644
check "the user" is usr/lib/sysusers.d/cellwarden.conf 644
check "the folders" is usr/lib/tmpfiles.d/cellwarden.conf 644
check "the manual page" is usr/share/man/man1/cellwarden.1.gz 644
check "the licence" is usr/share/doc/cellwarden/copyright 644
check "the configuration is kept when it was edited" grep -qx /etc/cellwarden/cellwarden.toml "$work/control/conffiles"
unit=$(find "$tree" -name cellwarden.service)
check "one unit" test "$(wc -w <<<"$unit")" = 1
check "the service is started and restarted by the package" grep -q "deb-systemd-invoke.*cellwarden.service" "$work/control/postinst"
check "no test, simulator script or source is in it" test -z "$(find "$tree" -name '*.cpp' -o -name '*_test*')"

# ---- the unit -----------------------------------------------------------------------------------
sed "s|/usr/bin/cellwarden|$tree/usr/bin/cellwarden|" "$unit" >"$work/cellwarden.service"
verified() {
  systemd-analyze verify --man=no --recursive-errors=no "$work/cellwarden.service" >"$work/verify" 2>&1 || { cat "$work/verify"; return 1; }
  if grep "cellwarden.service" "$work/verify"; then return 1; fi
}
check "systemd accepts the unit without a remark" verified
tight() {
  local status=0
  systemd-analyze security --offline=yes --threshold=20 --no-pager "$work/cellwarden.service" >"$work/security" || status=$?
  tail -n 1 "$work/security"
  return $status
}
check "its exposure is 2.0 or less" tight

# ---- the program --------------------------------------------------------------------------------
version=$(dpkg-parsechangelog -S Version)
check "the program says the version of the package" test "$("$tree/usr/bin/cellwarden" --version)" = "cellwarden $version"
check "the configuration that comes with it is valid" "$tree/usr/bin/cellwarden" check --config "$tree/etc/cellwarden/cellwarden.toml"

# Starts it as systemd would, in a file-system layer of its own: /run and /var/lib are empty.
starts() {
  local layer='mount --make-rprivate / && mount -t tmpfs none /run && mount -t tmpfs none /var/lib && mkdir /run/cellwarden /var/lib/cellwarden'
  TREE=$tree NOTIFIED=$work/notified unshare --mount bash -c "$layer"' || exit 77
    socat -u UNIX-RECV:/run/notify OPEN:"$NOTIFIED",creat & receiver=$!
    for _ in $(seq 300); do [ -S /run/notify ] && break; sleep 0.1; done
    NOTIFY_SOCKET=/run/notify "$TREE/usr/bin/cellwarden" run --config "$TREE/etc/cellwarden/cellwarden.toml" & daemon=$!
    for _ in $(seq 300); do grep -q READY=1 "$NOTIFIED" 2>/dev/null && break; sleep 0.1; done
    "$TREE/usr/bin/cellwarden" status >/dev/null; answered=$?
    kill -TERM $daemon; wait $daemon; ended=$?
    kill $receiver; wait $receiver
    grep -aq READY=1 "$NOTIFIED" && [ $answered = 0 ] && [ $ended = 0 ]' 2>"$work/daemon.log"
}
if [ "$(id -u)" -eq 0 ] && command -v socat >/dev/null && unshare --mount true 2>/dev/null; then
  check "it starts, reports ready, answers and stops with that configuration" starts
  [ $failures = 0 ] || cat "$work/daemon.log"
else
  unchecked+=("not checked: starting it (needs root, mount namespaces and socat)")
fi

# ---- installing ---------------------------------------------------------------------------------
installs() {
  DEB=$(realpath "$deb") LAYER=$work/layer unshare --mount --pid --fork bash -euc '
    mount --make-rprivate /
    mkdir -p "$LAYER"; mount -t tmpfs none "$LAYER"; mkdir "$LAYER"/upper "$LAYER"/work "$LAYER"/root
    mount -t overlay overlay -o lowerdir=/,upperdir="$LAYER"/upper,workdir="$LAYER"/work "$LAYER"/root
    root=$LAYER/root; mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount -t tmpfs none "$root/run"
    cp "$DEB" "$root/tmp/package.deb"
    inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"; }
    inside dpkg -i /tmp/package.deb
    inside id cellwarden
    inside getent group gpio
    test "$(inside stat -c %U:%G:%a /var/lib/cellwarden)" = cellwarden:cellwarden:750
    inside cellwarden check
    echo "# mine" >>"$root/etc/cellwarden/cellwarden.toml"
    inside dpkg -i /tmp/package.deb
    tail -n 1 "$root/etc/cellwarden/cellwarden.toml" | grep -qx "# mine"
    inside dpkg --remove cellwarden
    test -e "$root/var/lib/cellwarden"; test -e "$root/etc/cellwarden/cellwarden.toml"
    inside dpkg --purge cellwarden
    test ! -e "$root/var/lib/cellwarden"; test ! -e "$root/etc/cellwarden"; test ! -e "$root/usr/bin/cellwarden"
  ' >"$work/install.log" 2>&1 || { tail -n 30 "$work/install.log"; return 1; }
}
layers() {
  LAYER=$work/probe unshare --mount --pid --fork bash -euc '
    mkdir "$LAYER"; mount --make-rprivate /; mount -t tmpfs none "$LAYER"; mkdir "$LAYER"/u "$LAYER"/w "$LAYER"/r
    mount -t overlay overlay -o lowerdir=/,upperdir="$LAYER"/u,workdir="$LAYER"/w "$LAYER"/r' >/dev/null 2>&1
}
if [ "$(id -u)" -eq 0 ] && layers; then
  check "it installs, keeps an edited configuration, removes and purges" installs
else
  unchecked+=("not checked: installing it (needs root and overlay file systems)")
fi

echo "$failures failures"
for line in ${unchecked[@]+"${unchecked[@]}"}; do echo "$line"; done
[ $failures = 0 ]
