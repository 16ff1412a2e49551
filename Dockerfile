# reportsup on the CPU: `docker build -t reportsup .`, then `docker run --rm --network none -v "$PWD:/data" reportsup --help`.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/reportsup
# Torch first, since it changes less often than the code. Its builds without CUDA are a tenth of the size: give the address of their
# index (pytorch's installation page names it) as `--build-arg TORCH_INDEX=…`.
ARG TORCH_INDEX=
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN /opt/reportsup/bin/pip install --constraint constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch
COPY schemas schemas
COPY nlp nlp
COPY segmentation segmentation
COPY pipelines pipelines
RUN /opt/reportsup/bin/pip install --constraint constraints.txt '.[llm,dicom]'
RUN /opt/reportsup/bin/reportsup doctor

FROM python:3.11-slim-bookworm
COPY --from=build /opt/reportsup /opt/reportsup
RUN useradd --create-home --uid 1000 reader && mkdir /data && chown reader /data
ENV PATH=/opt/reportsup/bin:$PATH HF_HUB_OFFLINE=1 MPLCONFIGDIR=/tmp/matplotlib
USER reader
WORKDIR /data
ENTRYPOINT ["reportsup"]
CMD ["--help"]
