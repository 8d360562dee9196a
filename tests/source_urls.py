"""Source URLs that no server may be led to: what must come of each, its class and why it is there.

In a URL, `{p}` is the port of a listener on every loopback address; every name leads to 127.0.0.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filemill.errors import ErrorCode
from source_spellings import MALFORMED

FORBIDDEN: Mapping[tuple[str, str], Sequence[str]] = {
    ("loopback", "this machine, on any of its 16 million addresses"): [
        "http://127.0.0.1:{p}/",
        "http://127.0.0.1:{p}",
        "https://127.0.0.1:{p}/",
        "hTTp://127.0.0.1:{p}/",
        "http://127.1.2.3:{p}/",
        "http://127.255.255.254:{p}/",
        "http://[::1]:{p}/",
        "HTTPS://[::1]:{p}/",
        "http://[0:0:0:0:0:0:0:1]:{p}/",
        "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{p}/",
    ],
    ("unspecified", "Linux connects to this machine"): [
        "http://0.0.0.0:{p}/",
        "http://0.1.2.3:{p}/",
        "http://[::]:{p}/",
        "http://[0:0::0]:{p}/",
    ],
    ("private", "RFC 1918 and unique-local: the operator's network"): [
        "http://10.0.0.1:{p}/",
        "http://10.255.255.255:{p}/",
        "http://172.16.0.1:{p}/",
        "http://172.31.255.255:{p}/",
        "http://192.168.0.1:{p}/",
        "http://192.168.255.255:{p}/",
        "http://[fc00::1]:{p}/",
        "http://[fd12:3456::1]:{p}/",
        "http://[fdff:ffff::1]:{p}/",
    ],
    ("link-local", "the machines beside it, and site-local, its forerunner"): [
        "http://169.254.0.1:{p}/",
        "http://[fe80::1]:{p}/",
        "http://[febf::1]:{p}/",
        "http://[fe80::a9fe:a9fe]/",
        "http://[fec0::1]:{p}/",
    ],
    ("metadata", "hands out credentials: EC2, GCE, Azure, DigitalOcean, Oracle and IBM, all at one address"): [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://169.254.169.254/latest/api/token",
        "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token",
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01",
        "http://169.254.169.254/metadata/v1.json",
        "http://169.254.169.254/opc/v2/instance/",
        "http://169.254.169.254/instance_identity/v1/token?version=2022-03-29",
        "http://169.254.169.254/openstack/latest/meta_data.json",
    ],
    ("metadata elsewhere", "the same services at addresses of their own"): [
        "http://169.254.170.2/v2/credentials",  # containers of ECS
        "http://169.254.170.23/v1/credentials",  # pods of EKS
        "http://[fd00:ec2::254]/latest/meta-data/",  # EC2
        "http://[fd00:ec2::23]/v1/credentials",  # EKS
        "http://[fd20:ce::254]/computeMetadata/v1/",  # GCE
        "http://[fd00:c1::a9fe:a9fe]/opc/v2/",  # Oracle
        "http://192.0.0.192/opc/v2/",  # Oracle, older
        "http://168.63.129.16/machine?comp=goalstate",  # Azure's wire server, in a public range
        "http://168.63.129.16:32526/vmSettings",
        "http://100.100.100.200/latest/meta-data/",  # Alibaba
        "http://169.254.0.23/latest/meta-data/",  # Tencent
        "http://[fd00:42::42]/latest/",  # Scaleway
    ],
    ("metadata by name", "the names lead to the addresses above"): [
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://metadata.google.internal./",
        "http://METADATA.Google.Internal/",
        "http://metadata/computeMetadata/v1/",
        "http://instance-data/latest/meta-data/",
        "http://instance-data.ec2.internal/latest/meta-data/",
        "http://metadata.tencentyun.com/latest/meta-data/",
        "http://api.metadata.cloud.ibm.com/instance_identity/v1/token",
        "http://metadata.platformequinix.com/metadata",
    ],
    ("carrier-grade NAT", "shared by the machines of a provider"): [
        "http://100.64.0.1:{p}/",
        "http://100.127.255.255:{p}/",
    ],
    ("multicast", "many machines at once, and never a web server"): [
        "http://224.0.0.1:{p}/",
        "http://239.255.255.250:{p}/",
        "http://[ff02::1]:{p}/",
        "http://[ff05::2]:{p}/",
        "http://[ff0e::1]:{p}/",
    ],
    ("reserved", "in nobody's public use"): [
        "http://192.0.0.8:{p}/",
        "http://192.88.99.1:{p}/",
        "http://240.0.0.1:{p}/",
        "http://255.255.255.255:{p}/",
        "http://[100::1]:{p}/",
        "http://[4000::1]:{p}/",
        "http://[5f00::1]/",
    ],
    ("test ranges", "documentation and benchmarks: routed inside some networks"): [
        "http://192.0.2.1:{p}/",
        "http://198.18.0.1:{p}/",
        "http://198.19.255.255:{p}/",
        "http://198.51.100.1:{p}/",
        "http://203.0.113.1:{p}/",
        "http://[2001:db8::1]:{p}/",
        "http://[3fff::1]:{p}/",
        "http://[2001:2::1]/",
    ],
    ("IPv4-mapped", "goes out as IPv4"): [
        "http://[::ffff:127.0.0.1]:{p}/",
        "http://[::ffff:7f00:1]:{p}/",
        "http://[::FFFF:7F00:0001]:{p}/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:0.0.0.0]:{p}/",
    ],
    ("IPv4-compatible", "carries an IPv4 address in its low bits"): [
        "http://[::127.0.0.1]:{p}/",
        "http://[::7f00:1]:{p}/",
        "http://[::169.254.169.254]/",
        "http://[::8.8.8.8]:{p}/",
    ],
    ("SIIT", "a translator sends it on as IPv4"): [
        "http://[::ffff:0:127.0.0.1]:{p}/",
        "http://[::ffff:0:7f00:1]:{p}/",
        "http://[::ffff:0:169.254.169.254]/",
    ],
    ("NAT64", "a gateway sends it on as IPv4: the well-known prefix"): [
        "http://[64:ff9b::127.0.0.1]:{p}/",
        "http://[64:ff9b::7f00:1]:{p}/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[64:ff9b::10.0.0.1]:{p}/",
        "http://[64:ff9b::168.63.129.16]/",
    ],
    ("NAT64 of a network", "the prefix for local use, at each length that it may have"): [
        "http://[64:ff9b:1::127.0.0.1]:{p}/",
        "http://[64:ff9b:1:7f00:0:100::]:{p}/",
        "http://[64:ff9b:1:7f:0:1::]:{p}/",
        "http://[64:ff9b:1:0:7f:0:100:0]:{p}/",
        "http://[64:ff9b:1:a9fe:a9:fe00::]/",
        "http://[64:ff9b:1::8.8.8.8]/",
    ],
    ("6to4", "a relay sends it on as IPv4"): [
        "http://[2002:7f00:1::]:{p}/",
        "http://[2002:7f00:1::1]:{p}/",
        "http://[2002:a9fe:a9fe::]/",
        "http://[2002:a00:1::]:{p}/",
        "http://[2002:c0a8:101::1]:{p}/",
    ],
    ("Teredo", "carries the IPv4 addresses of a server and, inverted, of a client"): [
        "http://[2001:0:7f00:1::]:{p}/",
        "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{p}/",
        "http://[2001:0:4136:e378:8000:63bf:5601:5601]/",
        "http://[2001::1]/",
    ],
    ("ISATAP", "carries an IPv4 address behind any prefix"): [
        "http://[2a00:1450::5efe:127.0.0.1]:{p}/",
        "http://[2a00:1450::200:5efe:7f00:1]:{p}/",
        "http://[fe80::5efe:10.0.0.1]/",
        "http://[2a00:1450::5efe:169.254.169.254]/",
    ],
    ("names", "what a name leads to is what counts"): [
        "http://localhost:{p}/",
        "http://LOCALHOST:{p}/",
        "http://LocalHost.localdomain:{p}/",
        "http://ip6-localhost:{p}/",
        "http://intranet:{p}/",
        "http://db.corp.internal:{p}/",
        "http://kubernetes.default.svc:{p}/",
        "http://host.docker.internal:{p}/",
        "http://a_b.test:{p}/",
        "http://127.0.0.1.nip.test:{p}/",
        "http://7f000001.nip.test:{p}/",
        "http://1.2.3.4x:{p}/",
    ],
    ("trailing dots", "a root label changes neither name nor address"): [
        "http://127.0.0.1.:{p}/",
        "http://localhost.:{p}/",
        "http://127.0.0.1.test.:{p}/",
    ],
    ("IDN", "dots of other scripts are dots, names of other scripts are names"): [
        "http://xn--bcher-kva.test:{p}/",
        "http://bücher.test:{p}/",
        "http://BÜCHER.test:{p}/",
        "http://127。0。0。1:{p}/",
        "http://127．0．0．1:{p}/",
        "http://127｡0｡0｡1:{p}/",
        "http://localhost。:{p}/",
    ],
    ("fragments", "what stands after the host names no host"): [
        "http://127.0.0.1:{p}/#@8.8.8.8/",
        "http://127.0.0.1:{p}#@8.8.8.8/",
        "http://127.0.0.1:{p}?@8.8.8.8/",
        "http://127.0.0.1:{p}/?http://8.8.8.8/",
        "http://127.0.0.1:{p}/%2e%2e/@8.8.8.8",
        "http://127.0.0.1:{p}#.example.com/",
    ],
    ("ports", "of public addresses only the web's, and those that are configured"): [
        "http://8.8.8.8:22/",
        "http://8.8.8.8:6379/",
        "http://8.8.8.8:8080/",
        "http://[2606:4700:4700::1111]:25/",
        "http://127.0.0.1:080/",
    ],
}


@dataclass(frozen=True)
class SourceUrl:
    """A URL, the code of its refusal, the class that it is of, and why that is refused."""

    url: str
    code: ErrorCode
    group: str
    why: str


SOURCE_URLS: Sequence[SourceUrl] = [
    SourceUrl(url, code, group, why)
    for code, groups in ((ErrorCode.SOURCE_FORBIDDEN, FORBIDDEN), (ErrorCode.INVALID_PARAMETER, MALFORMED))
    for (group, why), urls in groups.items()
    for url in urls
]
