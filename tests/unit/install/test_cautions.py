"""Settings that are valid and can lose a machine."""

import json

import pytest

from tasks.model.errors import TaskError
from tasks.model.install import cautions, ignition

CHILD = '{"ignition":{"version":"3.5.0"}}'


def test_a_config_that_is_replaced_would_lose_key_and_policy() -> None:
    """It is refused; one that merges a config from elsewhere gets a warning."""
    remote = {"source": "https://example.com/a.ign"}
    replaced = json.dumps({"ignition": {"version": "3.5.0", "config": {"replace": remote}}})
    with pytest.raises(TaskError, match="never switch"):
        ignition.merged(replaced, CHILD)
    fetched = json.dumps({"ignition": {"version": "3.5.0", "config": {"merge": [remote]}}})
    told = [why for _, why in cautions.cautions(ignition.flatten(ignition.merged(fetched, CHILD)), "o")]
    assert any("neither checked nor searched" in why for why in told)


def test_cautions_look_into_carried_configs_too() -> None:
    """A disk in a merged config is a disk of the machine."""
    child = {"storage": {"luks": [{"name": "d", "clevis": {"custom": {"pin": "tpm2", "config": '{"pcr_ids":"0,7"}'}}}]}}
    whole = ignition.flatten(ignition.merged(CHILD, json.dumps({**json.loads(CHILD), **child})))
    (tpm,) = [why for _, why in cautions.cautions(whole, "owner") if "PCR 7" in why]
    assert "recovery key" in tpm
