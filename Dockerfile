# A static binary in an empty image, run by nobody: docker build -t portcullis .
#
#   docker run -p 8080:8080 -v portcullis:/data -v ./master.key:/run/master.key:ro \
#     -e PORTCULLIS__ISSUER=https://id.example.com -e PORTCULLIS__SECRETS__MASTER_KEY_FILE=/run/master.key portcullis
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY templates templates
COPY static static
COPY locales locales
COPY migrations migrations
COPY benches benches
# The C library goes into the binary, so that it needs nothing of the image it runs in. Naming the target keeps the flag
# away from build scripts and procedural macros.
RUN host=$(rustc -vV | sed -n 's/^host: //p') \
    && RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --bin portcullis --target "$host" \
    && cp "target/$host/release/portcullis" /portcullis \
    && mkdir /data

FROM scratch
COPY --from=build /portcullis /portcullis
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080 9464
ENV PORTCULLIS__LISTEN=0.0.0.0:8080 PORTCULLIS__DATABASE=sqlite:/data/portcullis.db
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s CMD ["/portcullis", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/portcullis"]
CMD ["serve"]
