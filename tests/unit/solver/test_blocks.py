"""A block is written in one form, whatever was typed."""

from datetime import date
from itertools import product

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.solver.blocks import Block
from tasks.model.versions import Kernel

KERNEL = Kernel.parse("7.1.9-200.fc44.x86_64")
FCOS, ZFS = Version("44.20261110.3.0"), Version("2.4.4")


def block(**subject: str) -> Block:
    return Block(reason="it panics", since=date(2026, 11, 20), **subject)


@pytest.mark.parametrize(
    ("kernel", "zfs"),
    list(
        product(
            ["", "7.1", "7.01", "07.1", str(KERNEL), "07.01.09-0200.FC44.x86_64"],
            ["", "2.4.4", "zfs-2.4.4"],
        )
    ),
)
def test_every_way_to_write_it_blocks_the_pair(kernel: str, zfs: str) -> None:
    """`--kernel 7.01` and a tag as OpenZFS names it blocked nothing."""
    if kernel or zfs:
        assert block(kernel=kernel, zfs=zfs).hits_pair(FCOS, KERNEL, ZFS)
        assert block(kernel=kernel, zfs=zfs).same_subject(
            block(kernel=kernel and (str(KERNEL) if "-" in kernel else "7.1"), zfs=zfs)
        )


@pytest.mark.parametrize(
    "subject", [{"kernel": "7.2"}, {"zfs": "2.4.3"}, {"fcos": "44.20261103.3.0"}, {"kernel": "7.10"}]
)
def test_what_is_another_is_not_blocked(subject: dict[str, str]) -> None:
    """7.10 is not 7.1."""
    assert not block(**subject).hits_pair(FCOS, KERNEL, ZFS)


@pytest.mark.parametrize(
    "subject", [{"kernel": "7"}, {"kernel": "7.x"}, {"zfs": "2.4"}, {"zfs": "zfs-2.4.99"}, {"fcos": "44"}]
)
def test_what_is_no_version_is_refused(subject: dict[str, str]) -> None:
    """It would block nothing."""
    with pytest.raises(TaskError):
        block(**subject)
