# The image of Memberward: one static binary, nothing else. docs/deployment.md says how to build and run it.
#
#   docker build -t memberward .                      compiles in a container
#   docker build -t memberward --target prebuilt .    takes ./memberward, built before with CGO_ENABLED=0

# What both ways of building have in common.
FROM scratch AS image
ARG VERSION=unversioned
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Memberward" \
      org.opencontainers.image.description="Keeps who belongs to which tenant, and decides by policy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="https://github.com/memberward/memberward" \
      org.opencontainers.image.documentation="https://github.com/memberward/memberward/tree/main/docs"
USER 65532:65532
# After USER: the folder of the store belongs to that user, and so does a new volume in its place.
WORKDIR /var/lib/memberward
VOLUME /var/lib/memberward
ENV MEMBERWARD_DATA=/var/lib/memberward
EXPOSE 8080 8081 8282 9191
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/memberward", "healthcheck"]
ENTRYPOINT ["/memberward"]
CMD ["serve"]

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# false where git cannot say what the commit is, as in a worktree.
ARG BUILDVCS=auto
RUN CGO_ENABLED=0 go build -buildvcs="$BUILDVCS" -tags nomsgpack,grpcnotrace -trimpath -ldflags='-s -w' -o /memberward ./cmd/memberward

FROM image AS prebuilt
COPY --chmod=755 memberward /memberward

FROM image
COPY --from=build /memberward /memberward
