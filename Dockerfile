# xmrag serve over /data/kb, as a user without rights. Its steps are checked without Docker by scripts/check_image.sh.
FROM python:3.12-slim

# Further options of pip, such as an index that has torch for processors only: the default one brings CUDA along.
ARG PIP_OPTIONS=

WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE constraints.txt ./
COPY src ./src
RUN python -m venv /opt/xmrag \
 && /opt/xmrag/bin/pip install --no-cache-dir $PIP_OPTIONS -c constraints.txt '.[offline,office,page]' \
 && rm -rf /src/*

RUN useradd --system --create-home --home-dir /data xmrag
USER xmrag
WORKDIR /data
ENV PATH=/opt/xmrag/bin:$PATH XMRAG_KB=/data/kb XMRAG_CACHE_DIR=/data/cache
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=30s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/healthz', timeout=5)"]

# Other machines reach it, so that a token is needed: -e XMRAG_TOKEN=…
CMD ["xmrag", "serve", "--host", "0.0.0.0"]
