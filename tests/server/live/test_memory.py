"""A server that works takes no more and more memory."""

from __future__ import annotations

import pytest
import pyvips

from watched import Watch

WARM_UP = 120
REQUESTS = 320


@pytest.mark.slow
def test_memory_is_flat_over_many_requests(watch: Watch) -> None:
    """After a warm-up, some hundred requests of all sorts leave server and workers within ten per cent."""
    watched = watch(workers="2")
    noise = pyvips.Image.gaussnoise(900, 600, mean=128, sigma=40).cast("uchar")
    picture = noise.bandjoin([noise, noise]).copy(interpretation="srgb").jpegsave_buffer(Q=85)
    asked = [
        ("/v1/resize?width=200", picture, 200),
        ("/v1/resize?width=150&format=webp", picture, 200),
        ("/v1/convert?format=png", picture, 200),
        ("/v1/picture-info", picture, 200),
        ("/v1/uploads", picture, 201),
        ("/v1/resize?width=0", picture, 422),
        ("/v1/flip", picture[: len(picture) // 2], 422),
        ("/v1/flip", b"no picture", 415),
    ]

    def work(count: int) -> None:
        for number in range(count):
            path, body, status = asked[number % len(asked)]
            assert watched.client.post(path, content=body).status_code == status

    work(WARM_UP)
    before = watched.memory()
    work(REQUESTS)
    assert watched.memory() < before * 1.1
