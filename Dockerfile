# Two images: `pipeline` runs the project, `serve` answers for a registered model.
# docs/containers.md says how they are built and run, what they weigh, and what an upgrade does.

# Any image with Python 3.11 to 3.13, its venv module and glibc.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# uv and what uv.lock holds, with hashes. Nothing of this stage is in an image.
FROM ${BASE} AS lock
ARG INDEX=https://pypi.org/simple
RUN --mount=type=secret,id=ca --mount=type=secret,id=netrc,target=/root/.netrc \
    python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir --index-url "$INDEX" \
    $(test ! -f /run/secrets/ca || echo --cert /run/secrets/ca) "uv>=0.9,<1"
WORKDIR /lock
COPY pyproject.toml uv.lock ./
# The torch build and its CUDA libraries apart from the rest: a layer of their own, of both images.
RUN set -e; for target in pipeline serve; do \
    test $target = serve && group="--only-group serve" || group="--no-dev"; \
    /opt/uv/bin/uv export --quiet --locked --no-header --no-annotate --no-emit-project $group \
    | awk -v target=$target '/^[a-z0-9]/ { \
        file = /^(torch|torchvision|triton|cuda-|nvidia-)/ && !/^nvidia-ml-py/ ? "torch" : target } \
        { print > file ".txt" }'; done
# A step after them: buildah 1.28 mounts a stage that it has cached without its last step.
RUN test -s torch.txt && test -s pipeline.txt && test -s serve.txt

FROM ${BASE} AS torch
ARG INDEX=https://pypi.org/simple
# An index with other wheels of torch, such as https://download.pytorch.org/whl/cpu; empty: uv.lock's
# wheels. TORCH says which are taken from there.
ARG TORCH_INDEX=
ARG TORCH="torch>=2.11 torchvision>=0.26"
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv PYTHONUNBUFFERED=1
RUN --mount=type=bind,from=lock,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,from=lock,source=/lock,target=/lock \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=ca --mount=type=secret,id=netrc,target=/root/.netrc \
    set -e; test ! -f /run/secrets/ca || export SSL_CERT_FILE=/run/secrets/ca; \
    export UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1; \
    python3 -m venv --without-pip /opt/venv; \
    if [ -z "$TORCH_INDEX" ]; then \
        /opt/uv/bin/uv pip install --index-url "$INDEX" --no-deps --require-hashes -r /lock/torch.txt; \
    else \
        /opt/uv/bin/uv pip install --index-url "$INDEX" --no-deps --require-hashes -r /lock/serve.txt; \
        /opt/uv/bin/uv pip install --index-url "$TORCH_INDEX" $TORCH; \
    fi

FROM torch AS serve
ARG INDEX=https://pypi.org/simple
RUN --mount=type=bind,from=lock,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,from=lock,source=/lock,target=/lock \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=ca --mount=type=secret,id=netrc,target=/root/.netrc \
    test ! -f /run/secrets/ca || export SSL_CERT_FILE=/run/secrets/ca; \
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 /opt/uv/bin/uv pip install \
        --index-url "$INDEX" --no-deps --require-hashes -r /lock/serve.txt
COPY --chmod=755 src/dermaflow/__init__.py /opt/dermaflow/src/dermaflow/
COPY --chmod=755 src/dermaflow/deploy/__init__.py src/dermaflow/deploy/init_process.py \
    src/dermaflow/deploy/serve_model.py /opt/dermaflow/src/dermaflow/deploy/
RUN python -m compileall -q /opt/dermaflow/src
# A model's folder, mounted, or models:/<name>/<version> of MLFLOW_TRACKING_URI.
ENV MODEL_URI=/model UVICORN_HOST=0.0.0.0 UVICORN_PORT=8080 \
    PYTHONPATH=/opt/dermaflow/src HOME=/tmp USER=dermaflow \
    MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=1 GIT_PYTHON_REFRESH=quiet
USER 10001:0
WORKDIR /
EXPOSE 8080
# Docker and podman --format docker; Kubernetes asks /health itself.
HEALTHCHECK --start-period=60s --interval=10s --timeout=5s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"UVICORN_PORT\"]}/health')"]
ENTRYPOINT ["python", "-P", "-m", "dermaflow.deploy.init_process"]
CMD ["uvicorn", "dermaflow.deploy.serve_model:app"]
ARG COMMIT=
ARG DIRTY=
ARG BASE
LABEL org.opencontainers.image.title="Dermaflow, serving" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.base.name="${BASE}" \
    org.opencontainers.image.revision="${COMMIT}" \
    dermaflow.dirty="${DIRTY}"

FROM torch AS pipeline
ARG INDEX=https://pypi.org/simple
RUN --mount=type=bind,from=lock,source=/opt/uv,target=/opt/uv \
    --mount=type=bind,from=lock,source=/lock,target=/lock \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=ca --mount=type=secret,id=netrc,target=/root/.netrc \
    test ! -f /run/secrets/ca || export SSL_CERT_FILE=/run/secrets/ca; \
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 /opt/uv/bin/uv pip install \
        --index-url "$INDEX" --no-deps --require-hashes -r /lock/pipeline.txt
# Group 0, as OpenShift's random users have it, may write to a fresh volume.
RUN mkdir /project && chmod 2775 /project
COPY --chmod=755 data/README.md /opt/dermaflow/data/
COPY --chmod=755 mlflow/README.md /opt/dermaflow/mlflow/
COPY --chmod=755 conf /opt/dermaflow/conf/
COPY --chmod=755 pyproject.toml dvc.yaml .dvcignore .telemetry /opt/dermaflow/
COPY --chmod=755 src/dermaflow /opt/dermaflow/src/dermaflow/
# DVC without a repository.
RUN mkdir /opt/dermaflow/.dvc \
    && printf '[core]\n    analytics = false\n    no_scm = true\n' > /opt/dermaflow/.dvc/config \
    && python -m compileall -q /opt/dermaflow/src \
    && echo /opt/dermaflow/src > "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dermaflow.pth"
ENV DERMAFLOW_IMAGE=/opt/dermaflow HOME=/project/logs/home USER=dermaflow \
    MLFLOW_DISABLE_TELEMETRY=true DVC_NO_ANALYTICS=true DO_NOT_TRACK=1 GIT_PYTHON_REFRESH=quiet
USER 10001:0
WORKDIR /project
VOLUME ["/project"]
ENTRYPOINT ["python", "-P", "-m", "dermaflow.deploy.start_project"]
CMD ["kedro", "run"]
ARG COMMIT=
ARG DIRTY=
ARG BASE
ENV DERMAFLOW_COMMIT=${COMMIT} DERMAFLOW_DIRTY=${DIRTY}
LABEL org.opencontainers.image.title="Dermaflow, pipeline" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.base.name="${BASE}" \
    org.opencontainers.image.revision="${COMMIT}" \
    dermaflow.dirty="${DIRTY}"
