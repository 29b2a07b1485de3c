# The image of every Outrider process, sidecar and control plane alike: Node, its libraries, certificates and our bundle.
#
#   docker build -t outrider .
#   docker run outrider proxy -c /etc/outrider/bootstrap.yaml
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && deploy/image-root.sh /image dist

FROM scratch
COPY --from=build /image/ /
# Interception excludes the sidecar by this user.
USER 1337:1337
WORKDIR /var/lib/outrider
# One pool of the C library's memory instead of one per thread: a megabyte less in a sidecar.
ENV MALLOC_ARENA_MAX=1
ENV NODE_ENV=production SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
ENTRYPOINT ["/bin/node", "/app/dist/outrider.cjs"]
CMD ["--help"]
