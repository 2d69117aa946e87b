"""A throw-away certificate authority, and one certificate for every host of the lab."""

from pathlib import Path

from lab.world import HOSTS


def make(folder: Path) -> None:
    """Write ca.pem (to trust) and server.pem (key and chain) into `folder`, once."""
    if (folder / "server.pem").exists():
        return
    import trustme

    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    certificate = authority.issue_cert(*HOSTS)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem.new")
    (folder / "server.pem.new").rename(folder / "server.pem")
