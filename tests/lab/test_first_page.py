"""The page of a repository that has published nothing yet, or has no key."""

import pytest

from tests.lab.conftest import Clone, assert_three_lines
from tests.lab.published import LOGIN


@pytest.mark.parametrize("login", ["true", LOGIN])
def test_before_the_first_image_there_is_a_page_without_images(own_clone: Clone, login: str) -> None:
    """A registry tells a stranger nothing, and a login that the image is missing: neither is an error."""
    done = own_clone.lab(f"cd {own_clone.path} && inv keygen && {login} && inv site")
    assert done.returncode == 0, done.stderr
    assert "the page shows no images: " in done.stderr
    assert (own_clone.path / "site/index.html").exists()


def test_without_a_key_there_is_no_page(own_clone: Clone) -> None:
    """A machine installed from it would never switch."""
    done = own_clone.lab("inv site", "season")
    assert_three_lines(done, "no signing key", "./inv keygen")
    assert not (own_clone.path / "site").exists()
