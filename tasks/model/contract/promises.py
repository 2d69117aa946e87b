"""What must hold so that an image boots, loads OpenZFS and updates itself, as its own tools see it."""

import re
from collections.abc import Iterable, Iterator, Mapping

from tasks.model.contract.boot import boot_promises, of_one
from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.kargs import kernel_arguments
from tasks.model.contract.programs import missing_programs
from tasks.model.contract.report import Check
from tasks.model.contract.running import Running
from tasks.model.contract.updates import SERVICE, update_promises
from tasks.model.kernel_arguments import keeps_openzfs_out, masked_unit

MODULES = ("zfs", "spl")
ZFS_PACKAGES = ("zfs", "zfs-dracut", "python3-pyzfs")
ZFS_LIBRARIES = ("libzfs", "libzpool", "libnvpair", "libuutil")  # packages are named after the soname: libzfs7 in 2.4
_UPDATES = {"bootc-fetch-apply-updates.timer": "enable", "zincati.service": "disable"}  # regardless of presets
_ZFS_PRESET, _OWN_PRESET = "50-zfs", "10-custom-coreos"  # preset files; those of our packages end with -PACKAGE
_BOOT_UNITS = ("zfs.target", "zfs-import.target", "zfs-mount.service")  # they import and mount pools at every boot
_IMPORTS = ("zfs-import-cache.service", "zfs-import-scan.service")  # one of them is needed
_OFF = ("disabled", "masked", "not-found", "")
_ON = {"enable": ("enabled", "alias"), "disable": _OFF}


def promises(image: ImageFacts, packages: Iterable[str]) -> Iterator[Check]:
    """Every promise about what the image does; `packages` are those that it was built with."""
    units, running = _units(image, packages), Running.of(image)
    yield Check(name="kernel-tree", promise="one kernel tree, that of the kernel package", fault=_kernel_tree(image))
    yield Check(
        name="kernel-files", promise="kernel and initramfs are there, for this kernel", fault=_kernel_files(image)
    )
    for check in (_module, _indexed, _vermagic):
        yield from (check(image, module) for module in MODULES)
    yield Check(name="zfs-packages", promise="packages and modules of ZFS have one version", fault=_packages(image))
    yield from (_installed(image, name) for name in packages)
    missing = ", ".join(image.all("missing")[:5])
    yield Check(name="files", promise="no file of the installed packages is missing", fault=missing)
    yield Check(name="modules-load", promise="zfs is loaded at boot", fault=_modules_load(image))
    yield Check(name="modprobe", promise="no rule keeps zfs out", fault=_modprobe(image))
    yield Check(name="zfs-units", promise="ZFS's units match its preset", fault=_zfs_units(image))
    yield Check(name="pools", promise="pools are imported and mounted at boot", fault=_pools(image))
    yield Check(name="left-behind", promise="no /var/lib/pcp", fault=" ".join(image.all("left-behind")))
    hostids = (each for each in image.all("zfs-load") if "spl_hostid=" in each)
    owned = ", ".join([*image.all("identity"), *hostids, *of_one(image)])
    yield Check(name="identity", promise="nothing in it belongs to one machine", fault=owned and f"it contains {owned}")
    yield from (_unit(image, unit, state) for unit, state in units.items())
    yield from boot_promises(image, running)
    yield from update_promises(image, running)
    enabled = [unit for unit, state in units.items() if state == "enable"]
    missing = ", ".join(missing_programs(image, running, (SERVICE, *enabled, *_BOOT_UNITS, _IMPORTS[0])))
    yield Check(name="commands", promise="the programs of its units are there", fault=missing)
    promise = "the presets give the same states on a first boot"
    yield Check(name="first-boot", promise=promise, fault=_first_boot(image, units))


def _kernel_tree(image: ImageFacts) -> str:
    trees = image.all("kernel-tree")
    packaged = image.packages.get("kernel-core", ("", "no kernel-core"))[1]
    if len(trees) != 1:
        return f"there are {len(trees)} kernel trees: {', '.join(trees) or 'none'}"
    return "" if trees[0] == packaged else f"the tree is {trees[0]}, the package {packaged}"


def _kernel_files(image: ImageFacts) -> str:
    """The boot loader starts these; a kernel without its initramfs, or with another's, does not find the root."""
    found = image.one("kernel-image").split(" ")[0]
    if found != image.kernel or not found:
        return f"vmlinuz is of {found or 'no kernel'}"
    inside = image.all("initramfs")
    return "" if inside == (image.kernel,) else f"initramfs.img is of {', '.join(inside) or 'no kernel'}"


def _module(image: ImageFacts, module: str) -> Check:
    fault = "" if image.one(f"{module}-file") else f"no {module}.ko below /usr/lib/modules"
    return Check(name=f"{module}-module", promise=f"the {module} module exists", fault=fault)


def _indexed(image: ImageFacts, module: str) -> Check:
    fault = "" if image.one(f"{module}-indexed") else f"depmod's index does not list {module}"
    return Check(name=f"{module}-indexed", promise=f"depmod indexed {module}", fault=fault)


def _vermagic(image: ImageFacts, module: str) -> Check:
    built_for = image.one(f"{module}-vermagic").split(" ")[0]
    fault = "" if built_for and built_for == image.kernel else f"built for {built_for or 'no kernel'}"
    return Check(name=f"{module}-vermagic", promise=f"{module} is built for this kernel", fault=fault)


def _packages(image: ImageFacts) -> str:
    names = [*ZFS_PACKAGES, f"kmod-zfs-{image.kernel}"]
    for library in ZFS_LIBRARIES:
        names += [name for name in image.packages if re.fullmatch(rf"{library}\d+", name)] or [library]
    versions = {name: image.packages.get(name, ("missing", ""))[0] for name in names}
    versions |= {f"{module}.ko": image.one(f"{module}-version").split("-")[0] for module in MODULES}
    expected = versions["zfs"]
    odd = [f"{name} {version or 'unversioned'}" for name, version in versions.items() if version != expected]
    if expected == "missing":
        return "the zfs package is not installed"
    return f"zfs is {expected}, but {', '.join(odd)}" if odd else ""


def _installed(image: ImageFacts, name: str) -> Check:
    fault = "" if name in image.packages else "the package is not installed"
    return Check(name=f"package-{name}", promise=f"{name} is installed", fault=fault)


def _units(image: ImageFacts, packages: Iterable[str]) -> dict[str, str]:
    """`enable` or `disable` by unit: for updates, and from our presets for the packages that are included."""
    files = (_OWN_PRESET, *(f"{_OWN_PRESET}-{name}" for name in packages))
    return _UPDATES | {unit: state for file in files for unit, state in image.preset(file).items()}


def _unit(image: ImageFacts, unit: str, state: str) -> Check:
    return Check(name=unit, promise=f"{unit} is {state}d", fault=_unit_fault(image, unit, state))


def _unit_fault(image: ImageFacts, unit: str, state: str) -> str:
    actual = image.units.get(unit, "")
    return "" if actual in _ON[state] else f"{unit} is {actual or 'missing'}"


def _modules_load(image: ImageFacts) -> str:
    return "" if "zfs" in image.all("modules-load") else "/etc/modules-load.d/zfs.conf does not name zfs"


def _modprobe(image: ImageFacts) -> str:
    """What loading zfs by its name does: insert modules of this kernel, zfs as the last one."""
    steps = image.all("zfs-load")
    inserts = re.compile(rf"insmod \S+/{re.escape(image.kernel) or '[^/]+'}/\S+( .*)?|builtin \S+")
    wrong = [step for step in steps if not inserts.fullmatch(step)]
    refusing = [
        argument
        for argument in kernel_arguments(image)
        if keeps_openzfs_out(argument) or masked_unit(argument) == "systemd-modules-load.service"
    ]
    if refusing:
        return f"the kernel gets {', '.join(refusing)}"
    if not wrong and steps and re.match(r"insmod \S+/zfs\.ko", steps[-1]):
        return ""
    return f"modprobe would do: {'; '.join(wrong or steps) or 'nothing'}"


def _pools(image: ImageFacts) -> str:
    """Whatever the preset says; a preset without these units would make every other check true."""
    off = [unit for unit in _BOOT_UNITS if image.units.get(unit) not in _ON["enable"]]
    if not any(image.units.get(unit) in _ON["enable"] for unit in _IMPORTS):
        off.append(" and ".join(_IMPORTS))
    return f"not enabled: {', '.join(off)}" if off else ""


def _zfs_units(image: ImageFacts) -> str:
    preset = image.preset(_ZFS_PRESET)
    if not preset:
        return f"ZFS's preset {_ZFS_PRESET}.preset is missing"
    return ", ".join(fault for unit, state in preset.items() if (fault := _unit_fault(image, unit, state)))


def _first_boot(image: ImageFacts, units: Mapping[str, str]) -> str:
    presets = dict(row.partition(" ")[::2] for row in image.all("first-boot"))
    states = {**units, **dict.fromkeys(_BOOT_UNITS, "enable")}
    wrong = [unit for unit, state in states.items() if (presets.get(unit) == "enabled") != (state == "enable")]
    return ", ".join(f"{unit}'s preset is {presets.get(unit, 'missing')}" for unit in wrong)
