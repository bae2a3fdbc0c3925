# SPDX-License-Identifier: Apache-2.0
"""The kernel of the lab's machine: Debian's own, unpacked into a cache and never installed, with the
one driver that Debian does not build: gpio-sim, a GPIO chip of which a test holds the other side.

Nothing is downloaded twice; what is left half done is begun anew."""
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

IMAGE = "linux-image-amd64"
# Half of the package: drivers that no test meets.
UNUSED = ("sound", "drivers/gpu", "drivers/media", "drivers/scsi", "drivers/infiniband", "drivers/staging",
          "drivers/net/ethernet", "drivers/net/wireless")


class Refused(Exception):
    """Why there is no kernel, for people."""


def cache():
    """CELLWARDEN_LAB_CACHE, else cellwarden-lab in the user's cache."""
    chosen = os.environ.get("CELLWARDEN_LAB_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "cellwarden-lab"


class Kernel:
    """An unpacked kernel: <cache>/<release>/{boot,lib/modules}; complete once `ready` is there."""

    def __init__(self, release):
        self.release = release
        self.home = cache() / release
        self.ready = self.home / "ready"
        self.modules = self.home / "lib/modules" / release

    def image(self):
        """The bare ELF kernel where it could be taken out: it starts 5 s sooner without KVM."""
        bare = self.home / "boot/vmlinux"
        return bare if bare.exists() else self.home / "boot" / f"vmlinuz-{self.release}"


def present():
    """The newest kernel that is ready, or None."""
    ready = sorted(cache().glob("*/ready"), key=lambda path: path.stat().st_mtime)
    return Kernel(ready[-1].parent.name) if ready else None


def output(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"{' '.join(map(str, words[:4]))}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def depends(package):
    """What a Debian package depends on directly."""
    text = output("apt-cache", "depends", "--no-recommends", "--no-suggests", package)
    return re.findall(r"Depends: (\S+)", text)


def unpack(package, target, scratch):
    """Fetches a Debian package and unpacks it without installing it."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    done = subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, capture_output=True, text=True)
    found = list(folder.glob("*.deb"))
    if done.returncode != 0 or not found:
        raise Refused(f"{package} cannot be fetched: {done.stderr.strip()[-300:]}")
    output("dpkg-deb", "-x", str(found[0]), str(target))
    shutil.rmtree(folder)


def bare_kernel(packed):
    """The ELF kernel inside a bzImage (Documentation/x86/boot.rst), or None where its packing is unknown."""
    image = packed.read_bytes()
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[((image[0x1F1] or 4) + 1) * 512 + offset:][:length]
    if payload.startswith(b"\xfd7zXZ\0"):
        bare = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x28\xb5\x2f\xfd") and shutil.which("zstd"):
        # It complains of the length behind the data, having unpacked all of it.
        bare = subprocess.run(["zstd", "-dqc"], input=payload, capture_output=True).stdout
    else:
        return None
    return bare if bare.startswith(b"\x7fELF") else None


def unpack_kernel(kernel, scratch):
    unpack(f"linux-image-{kernel.release}", kernel.home, scratch)
    merged = kernel.home / "usr/lib/modules"  # Debian 13; Debian 12 has /lib/modules
    if merged.exists():
        (kernel.home / "lib").mkdir(exist_ok=True)
        merged.rename(kernel.home / "lib/modules")
    for part in UNUSED:
        shutil.rmtree(kernel.modules / "kernel" / part, ignore_errors=True)
    bare = bare_kernel(kernel.home / "boot" / f"vmlinuz-{kernel.release}")
    if bare:
        (kernel.home / "boot/vmlinux").write_bytes(bare)


def take_sources(kernel, scratch, build):
    """The three files of the kernel's source that gpio-sim is built from."""
    series = ".".join(kernel.release.split(".")[:2])
    unpack(f"linux-source-{series}", scratch, scratch)
    top = f"linux-source-{series}"
    names = ["drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c"]
    output("tar", "-C", str(scratch), "-I", "xz -dT0", "-xf", str(scratch / f"usr/src/{top}.tar.xz"),
           "--occurrence=1", *(f"{top}/{name}" for name in names))
    build.mkdir()
    for name, as_name in zip(names, ("chip.c", "gpiolib.h", "interrupts.c")):
        shutil.move(str(scratch / top / name), str(build / as_name))
    # Modules may not call irq_to_desc(); its way round is exported.
    interrupts = (build / "interrupts.c").read_text()
    interrupts = interrupts.replace("irq_to_desc(irqnum)", "irq_data_to_desc(irq_get_irq_data(irqnum))")
    (build / "interrupts.c").write_text(
        "#include <linux/irq.h>\n#include <linux/irqdesc.h>\n" + interrupts)
    (build / "Kbuild").write_text("obj-m := gpio-sim.o\ngpio-sim-y := chip.o interrupts.o\n")


def build_gpio_sim(kernel, scratch):
    headers = f"linux-headers-{kernel.release}"
    needed = depends(headers)
    for package in [headers] + [name for name in needed if name.startswith(("linux-headers", "linux-kbuild"))]:
        unpack(package, scratch, scratch)
    build = scratch / "build"
    take_sources(kernel, scratch, build)
    tree = scratch / "usr/src" / headers  # expects to live in /usr/src
    for file in [tree / "Makefile", *tree.glob(".kernelvariables")]:
        file.write_text(file.read_text().replace("/usr/src/", f"{scratch}/usr/src/"))
    output("make", "-C", str(tree), f"M={build}", "CONFIG_DEBUG_INFO_BTF_MODULES=", *compiler(needed), "modules")
    (kernel.modules / "extra").mkdir(exist_ok=True)
    output("strip", "--strip-debug", "-o", str(kernel.modules / "extra/gpio-sim.ko"), str(build / "gpio-sim.ko"))


def compiler(needed):
    """The compiler of the kernel where it is there; else the machine's own, which does as well."""
    wanted = next((m[1] for m in (re.match(r"linux-compiler-(gcc-\d+)-", name) for name in needed) if m), "gcc")
    name = wanted if shutil.which(wanted) else "gcc"
    return [f"CC={name}", f"HOSTCC={name}"]


def fetch():
    """Makes the kernel ready, if it is not; returns it."""
    image = next((name for name in depends(IMAGE) if name.startswith("linux-image-")), None)
    if image is None:
        raise Refused(f"no package {IMAGE}: is `apt-get update` missing?")
    kernel = Kernel(image.removeprefix("linux-image-"))
    if kernel.ready.exists():
        return kernel
    shutil.rmtree(kernel.home, ignore_errors=True)
    kernel.home.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        unpack_kernel(kernel, Path(scratch))
        build_gpio_sim(kernel, Path(scratch))
    output("depmod", "-b", str(kernel.home), kernel.release)
    kernel.ready.touch()
    for old in cache().iterdir():
        if old.is_dir() and old != kernel.home:
            shutil.rmtree(old, ignore_errors=True)
    return kernel
