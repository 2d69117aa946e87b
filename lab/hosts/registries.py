"""The lab's registries: real docker-registry processes on a storage that lab/seed.py has filled."""

import subprocess
from pathlib import Path

PORTS = {"quay.io": 5001, "ghcr.io": 5002}
_CONFIG = """version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", relativeurls: true}}
log: {{level: error}}
"""


def start(state: Path) -> list[subprocess.Popen[bytes]]:
    """Start both registries on loopback; the gateway is in front of them."""
    processes = []
    for host, port in PORTS.items():
        root = state / "registry" / host
        root.mkdir(parents=True, exist_ok=True)
        config = state / f"registry-{host}.yml"
        config.write_text(_CONFIG.format(root=root, port=port))
        log = (state / f"registry-{host}.log").open("ab")
        processes.append(subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log))
    return processes
