#!/bin/sh
# Builds the newest memcached, with TLS, and puts it where PATH finds it first. For CI, as root on Debian.
set -eu
apt-get update
apt-get install -y --no-install-recommends ca-certificates curl gcc libevent-dev libssl-dev make libc6-dev perl
folder=$(mktemp -d)
curl --fail --location --silent --show-error https://memcached.org/latest | tar -xz -C "$folder" --strip-components 1
cd "$folder"
./configure --enable-tls
make -j2
install memcached /usr/local/bin/memcached
memcached -V
