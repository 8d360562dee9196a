"""OpenStack Swift with its S3 interface on this machine: its four servers as one group of processes.

Run as a program with a folder and the first of four ports. What it keeps is in the folder, and there again at the next
start. It ends when its standard input does, which the end of whoever started it brings about.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path
from string import Template

ACCESS_KEY = "filemill:tests"
SECRET_KEY = "not-a-secret"
REGION = "us-east-1"

PORTS = 4
"""How many ports it takes, in a row."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_KEEPERS = ("account", "container", "object")
_COMMON = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
swift_dir = $root
devices = $root/devices
mount_check = false
fallocate_reserve = 0
log_level = WARNING
"""
_KEEPER = """
[pipeline:main]
pipeline = $name-server
[app:$name-server]
use = egg:swift#$name
"""
_PROXY = f"""
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats bulk s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = {REGION}
[filter:tempauth]
use = egg:swift#tempauth
user_{ACCESS_KEY.replace(":", "_")} = {SECRET_KEY} .admin
[filter:slo]
use = egg:swift#slo
"""
_CLUSTER = """\
[swift-hash]
swift_hash_path_suffix = filemill
[storage-policy:0]
name = single
default = yes
"""


def _configure(root: Path, port: int) -> None:
    """Write the configuration of a cluster of one disk and one copy."""
    from swift.common.ring import RingBuilder

    (root / "devices" / "disk").mkdir(parents=True)
    ports = {"proxy": port, **{name: port + offset for offset, name in enumerate(_KEEPERS, 1)}}
    for name in _KEEPERS:
        place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": ports[name], "device": "disk", "weight": 1}
        ring = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
        ring.add_dev(place | {"replication_ip": place["ip"], "replication_port": place["port"]})
        ring.rebalance()
        ring.get_ring().save(str(root / f"{name}.ring.gz"))
    for name, own in ports.items():
        text = Template(_COMMON + (_PROXY if name == "proxy" else _KEEPER))
        (root / f"{name}.conf").write_text(text.substitute(root=root, port=own, name=name))
    (root / "swift.conf").write_text(_CLUSTER)  # last: it says that all is there


def _serve(root: Path, name: str) -> int:
    """Be one of the servers until the process that forked it ends, in whatever way."""
    from swift.common.wsgi import run_wsgi

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return int(run_wsgi(str(root / f"{name}.conf"), f"{name}-server", verbose=True))


def main(root: Path, port: int) -> None:
    """Start the four servers, and end with standard input."""
    import swift.common.wsgi  # noqa: F401 - once, for all that are forked

    if not (root / "swift.conf").exists():
        _configure(root, port)
    for name in ("proxy", *_KEEPERS):
        if os.fork() == 0:
            os._exit(_serve(root, name))
    while os.read(0, 1):
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
