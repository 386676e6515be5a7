# Hourgate's images, one a target:
#
#   docker build --target hourgate -t hourgate .                          the gateway
#   docker build --target hourgate-idp -t hourgate-idp .                  the test identity provider, never for production
#   docker build --target hourgate-test-clock -t hourgate:test-clock .    the gateway of end-to-end tests, which goes by the test
#                                                                         identity provider's clock and serves nobody by accident
#
# They run as user 65532 with a read-only root and without a shell:
#
#   docker run --read-only --cap-drop ALL --tmpfs /run/hourgate:uid=65532,gid=65532,mode=0700 \
#       -v "$PWD/hourgate.toml":/etc/hourgate/hourgate.toml:ro -p 127.0.0.1:4180:4180 hourgate
#
# With `--build-arg BINARIES=given` nothing is compiled here: dist/ has the programs, built outside against the C library of
# RUNTIME_IMAGE or an older one (dist/test-clock/hourgate for the third target). It takes BuildKit, as docker has by itself since 23.

ARG BINARIES=compiled
ARG RUST_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS sources
WORKDIR /src
COPY . .

# What was compiled before is kept, for both stages and for every checkout on this machine: one at a time takes its program out,
# and no source counts as older than what another checkout left.
FROM sources AS compiled
RUN --mount=type=cache,id=hourgate-registry,target=/usr/local/cargo/registry --mount=type=cache,id=hourgate-target,target=/src/target,sharing=locked \
    find src -exec touch {} + && cargo build --locked --profile dist --bin hourgate --bin hourgate-idp && \
    mkdir -p /dist && cp target/dist/hourgate target/dist/hourgate-idp /dist/

FROM sources AS compiled-test-clock
RUN --mount=type=cache,id=hourgate-registry,target=/usr/local/cargo/registry --mount=type=cache,id=hourgate-target,target=/src/target,sharing=locked \
    find src -exec touch {} + && cargo build --locked --profile dist --features test-clock --bin hourgate && \
    mkdir -p /dist && cp target/dist/hourgate /dist/

FROM scratch AS given
COPY dist /dist

FROM scratch AS given-test-clock
COPY dist/test-clock /dist

FROM ${BINARIES} AS programs
FROM ${BINARIES}-test-clock AS programs-test-clock

FROM ${RUNTIME_IMAGE} AS runtime
LABEL org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532

FROM runtime AS gateway
ENV HOURGATE__SERVER__LISTEN=0.0.0.0:4180
EXPOSE 4180
ENTRYPOINT ["/hourgate"]
CMD ["serve"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/hourgate", "healthcheck"]

FROM gateway AS hourgate
LABEL org.opencontainers.image.title="hourgate"
COPY --from=programs --chmod=755 /dist/hourgate /hourgate

FROM gateway AS hourgate-test-clock
LABEL org.opencontainers.image.title="hourgate with a test clock: not for production"
COPY --from=programs-test-clock --chmod=755 /dist/hourgate /hourgate

FROM runtime AS hourgate-idp
LABEL org.opencontainers.image.title="hourgate-idp: a test identity provider, not for production"
ENV HOURGATE_IDP_LISTEN=0.0.0.0:9400
EXPOSE 9400
ENTRYPOINT ["/hourgate-idp"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/hourgate-idp", "healthcheck"]
COPY --from=programs --chmod=755 /dist/hourgate-idp /hourgate-idp
