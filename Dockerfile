# The image of every Outrider process, sidecar and control plane alike: Node, its libraries, certificates and our bundle.
#
#   docker build -t outrider .
#   docker run outrider proxy -c /etc/outrider/bootstrap.yaml
#
# And that of what stands around a sidecar in containers, with what sets the rules of interception: docs/inject.md.
#
#   docker build -t outrider-init --target init .
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && deploy/image-root.sh /image dist

FROM build AS init-build
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static nftables iptables
RUN cp -a /image /init-image && deploy/init-root.sh /init-image

FROM scratch AS init
COPY --from=init-build /init-image/ /
USER 1337:1337
WORKDIR /var/lib/outrider
ENV NODE_ENV=production PATH=/bin
ENTRYPOINT ["/bin/outrider-init"]
CMD ["--help"]

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
