# A static binary in an empty image, run by nobody. Build: docker build -t portcullis .
FROM rust:1.95-alpine AS build
# A C compiler, make and perl for the cryptography that is built from source.
RUN apk add --no-cache build-base cmake perl linux-headers
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY templates templates
COPY static static
COPY locales locales
COPY migrations migrations
COPY benches benches
# Alpine's target is musl: the binary needs no library of the image it runs in.
RUN cargo build --release --locked --bin portcullis && mkdir /data

FROM scratch
COPY --from=build /src/target/release/portcullis /portcullis
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
