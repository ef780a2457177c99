//! Live tests of the stand-ins for Node.js and nginx: what their users rely on in the published images.

use super::bases::stand_in_holds;
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// In both forms of the image.
const NODE: &str = r#"
RUN set -eux; \
    test "$(node --version)" = "v$NODE_VERSION"; test "$(nodejs --version)" = "v$NODE_VERSION"; \
    test "$(yarn --version)" = "$YARN_VERSION"; test "$(npm --version)" = 10.8.2; npx --version; corepack --version; yarnpkg --version; \
    test "$(npm prefix --global)" = /usr/local; test -f /usr/local/include/node/node_api.h; \
    test "$(id -un)" = root; test "$(id -u node):$(id -g node):$(getent passwd node | cut -d: -f6,7)" = 1000:1000:/home/node:/bin/bash; \
    test -z "$(find /usr/local /opt ! -user 0 -print -quit)"; test -z "$(find / -xdev -path '/var/lib/apt/lists/*_*')"
RUN set -eux; cd /tmp; echo 'console.log("script", process.argv[2])' >script.js; \
    test "$(docker-entrypoint.sh --print '1 + 1')" = 2; test "$(docker-entrypoint.sh ./script.js a)" = 'script a'; \
    test "$(docker-entrypoint.sh script.js a)" = 'script a'; test "$(docker-entrypoint.sh sh -c 'echo shell')" = shell; \
    if docker-entrypoint.sh node --eval 'process.exit(7)'; then exit 1; else test $? = 7; fi
USER node
RUN mkdir /tmp/app && cd /tmp/app && npm init --yes && npm install ms@2.1.3 && node --eval 'console.log(require("ms")("1 h"))' \
    && rm -r node_modules package-lock.json && yarn add --silent ms@2.1.3 && test -d node_modules/ms
"#;

#[tokio::test]
async fn the_slim_node_stand_in_is_near_the_published_image_and_behaves_like_it() {
    if !live_or_skip("live::node::the_slim_node_stand_in_is_near_the_published_image_and_behaves_like_it") {
        return;
    }
    let _guard = among_others();
    let pruned = r#"RUN test "$(ls /usr/local/include/node/openssl/archs)" = linux-x86_64 && ! command -v curl && ! test -e /etc/ssl/certs/ca-certificates.crt"#;
    stand_in_holds("node:20-slim", 5, &format!("FROM node:20-slim\n{pruned}\n{NODE}")).await;
}

#[tokio::test]
async fn the_full_node_stand_in_is_near_the_published_image_and_behaves_like_it() {
    if !live_or_skip("live::node::the_full_node_stand_in_is_near_the_published_image_and_behaves_like_it") {
        return;
    }
    let _guard = among_others();
    let tools = "RUN test \"$(ls /usr/local/include/node/openssl/archs | wc -l)\" -gt 10 && for tool in git curl python3 g++ make xz convert; do command -v $tool || exit 1; done";
    stand_in_holds("node:20", 8, &format!("FROM node:20\n{tools}\n{NODE}")).await;
}

/// Without the tools that only Debian has.
const NODE_ON_ALPINE: &str = r#"FROM node:20-alpine
RUN set -eux; \
    test "$(node --version)" = "v$NODE_VERSION"; test "$(nodejs --version)" = "v$NODE_VERSION"; \
    test "$(yarn --version)" = "$YARN_VERSION"; test "$(npm --version)" = 10.8.2; npx --version; corepack --version; yarnpkg --version; \
    test "$(npm prefix --global)" = /usr/local; test "$(ls /usr/local/include/node/openssl/archs)" = linux-x86_64; \
    test "$(id -u node):$(id -g node):$(grep ^node: /etc/passwd | cut -d: -f6,7)" = 1000:1000:/home/node:/bin/sh; \
    test "$(docker-entrypoint.sh --print '1 + 1')" = 2; test "$(docker-entrypoint.sh sh -c 'echo shell')" = shell; \
    test "$(node --print 'process.report.getReport().header.glibcVersionRuntime')" = undefined
USER node
RUN mkdir /tmp/app && cd /tmp/app && npm init --yes && npm install ms@2.1.3 && node --eval 'console.log(require("ms")("1 h"))' \
    && rm -r node_modules package-lock.json && yarn add --silent ms@2.1.3 && test -d node_modules/ms
"#;

#[tokio::test]
async fn the_alpine_node_stand_in_is_near_the_published_image_and_behaves_like_it() {
    if !live_or_skip("live::node::the_alpine_node_stand_in_is_near_the_published_image_and_behaves_like_it") {
        return;
    }
    let _guard = among_others();
    stand_in_holds("node:20-alpine", 4, NODE_ON_ALPINE).await;
}

/// A server is started on a socket in the file system: RUN steps share the host's ports.
const NGINX: &str = r#"FROM nginx:1.26
RUN set -eux; \
    nginx -v 2>&1 | grep -F "nginx/$NGINX_VERSION"; test "$(id -u nginx):$(id -g nginx)" = 101:101; \
    test "$(readlink /var/log/nginx/access.log /var/log/nginx/error.log | tr '\n' ' ')" = '/dev/stdout /dev/stderr '; \
    test -f /usr/share/nginx/html/index.html; test -f /etc/nginx/conf.d/default.conf; command -v curl envsubst; \
    for module in geoip image_filter js xslt_filter; do nginx -t -g "load_module modules/ngx_http_${module}_module.so;"; done; \
    test -z "$(find / -xdev -path '/var/lib/apt/lists/*_*')"
RUN set -eux; mkdir /etc/nginx/templates; \
    echo 'server { listen unix:/tmp/${NAME}.sock; resolver ${NGINX_LOCAL_RESOLVERS}; location / { return 200 "$uri ${NAME}"; } }' >/etc/nginx/templates/a.conf.template; \
    NAME=buoy NGINX_ENTRYPOINT_LOCAL_RESOLVERS=1 NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE=1 /docker-entrypoint.sh nginx -t >out; \
    grep -F 20-envsubst-on-templates.sh out; grep -E 'resolver [0-9[]' /etc/nginx/conf.d/a.conf; \
    grep -F '$uri buoy' /etc/nginx/conf.d/a.conf; grep -Ex 'worker_processes [0-9]+;' /etc/nginx/nginx.conf; \
    if test -f /proc/net/if_inet6; then grep -F '[::]:80' /etc/nginx/conf.d/default.conf; fi; \
    test "$(/docker-entrypoint.sh echo other)" = other; \
    NGINX_ENTRYPOINT_QUIET_LOGS=1 /docker-entrypoint.sh true
RUN set -eux; rm /etc/nginx/conf.d/default.conf; \
    echo 'server { listen unix:/tmp/page.sock; root /usr/share/nginx/html; client_body_in_file_only on; }' >/etc/nginx/conf.d/a.conf; \
    nginx -g 'daemon off;' & \
    sleep 1; curl -fsS --unix-socket /tmp/page.sock host | grep -i 'welcome to nginx'; \
    curl -fsSo /dev/null -w '%{content_type}' --unix-socket /tmp/page.sock host/50x.html | grep -F text/html; \
    kill -QUIT "$(cat /run/nginx.pid)"; wait; rm -f /tmp/*.sock
RUN chown -R nginx /var/cache/nginx && sed -i 's|^pid .*|pid /tmp/nginx.pid;|; /^user/d' /etc/nginx/nginx.conf
USER nginx
RUN nginx -t
"#;

#[tokio::test]
async fn the_nginx_stand_in_is_laid_out_like_the_published_image() {
    if !live_or_skip("live::node::the_nginx_stand_in_is_laid_out_like_the_published_image") {
        return;
    }
    let _guard = among_others();
    stand_in_holds("nginx:1.26", 7, NGINX).await;
}
