"""The contract that every image must keep, checked on the facts found inside it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.model.errors import TaskError
from tasks.model.facts import ImageFacts
from tasks.model.lock import PREFIX, Lock
from tasks.model.signing import HostFiles
from tasks.model.versions import fcos_in

VERSION = "3"  # of the contract; records name it. A changed set of checks needs a new version
MODULES = ("zfs", "spl")
ZFS_PACKAGES = ("zfs", "zfs-dracut", "python3-pyzfs")
ZFS_LIBRARIES = ("libzfs", "libzpool", "libnvpair", "libuutil")  # packages are named after the soname: libzfs7 in 2.4
_UPDATES = {"bootc-fetch-apply-updates.timer": "enable", "zincati.service": "disable"}  # regardless of presets
_ZFS_PRESET, _OWN_PRESET = "50-zfs", "10-custom-coreos"  # preset files; those of our packages end with -PACKAGE
_OPEN, _HOST_FILE = 0o005, "644"  # the bits of 0755 for others and for writing; the mode of keys and policy
_OFF = ("disabled", "masked", "not-found", "")
_ON = {"enable": ("enabled", "static", "alias"), "disable": _OFF}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One named promise of the contract and its fault; without a fault, the promise is kept."""

    name: str
    promise: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all checks."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks with a fault."""
        return tuple(check for check in self.checks if check.fault)

    def require_kept(self, image: str) -> None:
        """Stop with every fault, unless all promises are kept."""
        if self.failed:
            raise TaskError(
                f"{image} breaks {len(self.failed)} of {len(self.checks)} promises of the contract",
                "; ".join(f"{check.name}: {check.fault}" for check in self.failed),
                "do not install it; build it again with: ./inv build --rebuild",
            )


def inspect(image: ImageFacts, published_as: str, policy_faults: Sequence[str], lock: Lock | None = None) -> Report:
    """Check all promises, and the Lock if given.

    `published_as` is the image name whose signatures hosts require. `policy_faults` are what is wrong with what
    containers/image decides on it with the image's own keys and policy.
    """
    packages = lock.packages if lock else tuple(image.labels.get(f"{PREFIX}.packages", "").split())
    units = _units(image, packages)
    checks = [
        Check(name="kernel-tree", promise="one kernel tree, that of the kernel package", fault=_kernel_tree(image)),
        *(_module(image, module) for module in MODULES),
        *(_indexed(image, module) for module in MODULES),
        *(_vermagic(image, module) for module in MODULES),
        Check(name="zfs-packages", promise="packages and modules of ZFS have one version", fault=_packages(image)),
        *(_installed(image, name) for name in packages),
        Check(name="modules-load", promise="zfs is loaded at boot", fault=_modules_load(image)),
        Check(name="zfs-units", promise="ZFS's units match its preset", fault=_zfs_units(image)),
        Check(name="left-behind", promise="no /var/lib/pcp", fault=" ".join(image.all("left-behind"))),
        *(_unit(image, unit, state) for unit, state in units.items()),
        Check(
            name="first-boot",
            promise="the presets give the same states on a first boot",
            fault=_first_boot(image, units),
        ),
        _host_policy(image.host_files, published_as, policy_faults),
        Check(name="modes", promise="everybody may read the system, and only root may change it", fault=_modes(image)),
        *(_label(image, name, version) for name, version in _versions_inside(image).items()),
        _label(image, "keys", " ".join(image.host_files.fingerprints.values())),
    ]
    return Report(tuple(checks) + (_lock_checks(image, lock) if lock else ()))


def _kernel_tree(image: ImageFacts) -> str:
    trees = image.all("kernel-tree")
    packaged = image.packages.get("kernel-core", ("", "no kernel-core"))[1]
    if len(trees) != 1:
        return f"there are {len(trees)} kernel trees: {', '.join(trees) or 'none'}"
    return "" if trees[0] == packaged else f"the tree is {trees[0]}, the package {packaged}"


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


def _zfs_units(image: ImageFacts) -> str:
    preset = image.preset(_ZFS_PRESET)
    if not preset:
        return f"ZFS's preset {_ZFS_PRESET}.preset is missing"
    return ", ".join(fault for unit, state in preset.items() if (fault := _unit_fault(image, unit, state)))


def _first_boot(image: ImageFacts, units: Mapping[str, str]) -> str:
    presets = dict(row.partition(" ")[::2] for row in image.all("first-boot"))
    wrong = [unit for unit, state in units.items() if (presets.get(unit) == "enabled") != (state == "enable")]
    return ", ".join(f"{unit}'s preset is {presets.get(unit, 'missing')}" for unit in wrong)


def _host_policy(shipped: HostFiles, published_as: str, faults: Sequence[str]) -> Check:
    promise = f"keys and policy accept only signed images of {published_as}"
    promise = promise if shipped.has_key else "no key ships, and no policy requires one"
    return Check(name="host-policy", promise=promise, fault="; ".join(faults))


def _modes(image: ImageFacts) -> str:
    """A checkout's umask must not decide them: services without root cannot start if /usr is closed to them.

    Host files must have the mode that Ignition gives them, or ostree takes them for edited and never updates them.
    """
    folders, files = image.modes("folder-mode"), image.modes("file-mode")
    closed = [f"{path} is {mode}" for path, mode in folders.items() if int(mode, 8) & 0o027 != _OPEN]
    other = [f"{path} is {mode}, not {_HOST_FILE}" for path, mode in files.items() if mode != _HOST_FILE]
    return ", ".join(closed + other) if folders else "the probe reports none"


def _versions_inside(image: ImageFacts) -> dict[str, str]:
    """The versions found inside the image, which the labels must repeat."""
    return {
        "kernel-version": image.kernel,
        "zfs-version": image.packages.get("zfs", ("", ""))[0],
        "fcos-version": next(filter(None, map(fcos_in, image.all("os-version"))), ""),
    }


def _label(image: ImageFacts, name: str, inside: str) -> Check:
    stated = image.labels.get(f"{PREFIX}.{name}", "")
    may_be_empty = name == "keys"
    kept = stated == inside and (bool(stated) or may_be_empty)
    fault = "" if kept else f"it says {stated or 'nothing'}; the image contains {inside or 'nothing'}"
    return Check(name=f"label-{name}", promise=f"label {PREFIX}.{name} equals the image's contents", fault=fault)


def _lock_checks(image: ImageFacts, lock: Lock) -> tuple[Check, ...]:
    locked = {
        "kernel-version": str(lock.kernel),
        "zfs-version": str(lock.zfs_version),
        "fcos-version": str(lock.fcos_version),
    }
    inside = (_against_lock(f"lock-{name}", value, locked[name]) for name, value in _versions_inside(image).items())
    labels = (_against_lock(f"lock-{key}", image.labels.get(key, ""), value) for key, value in _lock_labels(lock))
    return (*inside, *labels)


def _lock_labels(lock: Lock) -> Iterator[tuple[str, str]]:
    """The labels that follow only from a Lock; a Lock does not say who built the image, when and where."""
    free = {f"org.opencontainers.image.{name}" for name in ("title", "description", "source", "created")}
    return ((key, value) for key, value in lock.labels("", "", "").items() if key not in free)


def _against_lock(name: str, inside: str, locked: str) -> Check:
    fault = "" if inside == locked else f"the Lock says {locked}, the image {inside or 'nothing'}"
    return Check(name=name, promise="matches the Lock", fault=fault)
