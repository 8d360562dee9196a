# One image for every role: `serve` (the default), `serve --no-jobs`, `worker`, and the rest of the command line.
# Python's packages are checked against the locks; libvips and its codecs come in them.

FROM python:3.13.7-slim-trixie AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements-build.lock requirements.lock ./
RUN ["python", "-m", "venv", "tools"]
RUN ["tools/bin/pip", "install", "--require-hashes", "--requirement", "requirements-build.lock"]
RUN ["tools/bin/pip", "wheel", "--require-hashes", "--no-build-isolation", "--wheel-dir", "wheels", "--requirement", "requirements.lock"]
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY plugins plugins
COPY presets presets
COPY server server
RUN ["tools/bin/pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheels", "."]
RUN ["python", "-m", "venv", "/opt/filemill"]
RUN /opt/filemill/bin/pip install --no-index --no-deps wheels/*.whl

FROM python:3.13.7-slim-trixie
# Tesseract for OCR with English, libarchive, a font for text in pictures, and jemalloc: workers make and free large
# pieces of memory, of which glibc's allocator gives less back. `--build-arg WITH="ffmpeg libreoffice-writer-nogui …"`
# adds what video, sound and office documents need.
ARG WITH=""
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fontconfig fonts-dejavu-core libarchive13t64 libjemalloc2 tesseract-ocr ${WITH} \
    && rm -rf /var/lib/apt/lists/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && useradd --uid 10001 --create-home filemill \
    && install --directory --owner=filemill --group=filemill --mode=0700 /data
COPY --from=build /opt/filemill /opt/filemill
ENV PATH=/opt/filemill/bin:$PATH \
    LD_PRELOAD=libjemalloc.so.2 \
    XDG_CACHE_HOME=/tmp/cache \
    FILEMILL_DATA_DIR=/data \
    FILEMILL_HOST=0.0.0.0
USER filemill
WORKDIR /home/filemill
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"FILEMILL_PORT\", 8000)}/health/live', timeout=4)"]
ENTRYPOINT ["filemill"]
CMD ["serve"]
