# The service on a CPU: docker build -t srgan .   docs/operations.md says how to run it.
FROM python:3.12-slim-bookworm

# For OpenCV.
RUN apt-get update && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 libice6 libsm6 libx11-6 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --no-create-home --uid 10001 srgan

# The libraries first: they change less often than the code.
WORKDIR /srgan
COPY setup.cfg pyproject.toml README.md ./
COPY pyimagesearch/__init__.py pyimagesearch/
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore ".[cpu,formats,serve]"
COPY pyimagesearch pyimagesearch
RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore --no-deps --force-reinstall .

USER srgan
# Models of your own: --model /models/NAME.keras
VOLUME /models
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=3m \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=8)"]
ENTRYPOINT ["srgan", "serve", "--host", "0.0.0.0", "--port", "8080"]
CMD []
