//! Live tests of the stand-ins for Java, alpine and distroless: what their users rely on in the published images.

use super::bases::stand_in_holds;
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// Of the shell scripts below: `no` fails when its command succeeds; a bare `!` would be passed over by `set -e`.
///
/// The archive of shared classes is used, the time zone and locale data are there, and the image can draw without a screen.
const RUNTIME: &str = r#"FROM eclipse-temurin:21-jre
RUN set -eux; no() { if "$@" >/dev/null 2>&1; then echo "unexpected: $*"; exit 1; fi; }; \
    test "$JAVA_HOME" = /opt/java/openjdk; test "$(command -v java)" = /opt/java/openjdk/bin/java; test "$LANG" = en_US.UTF-8; \
    locale -a | grep -Fx en_US.utf8; java -version 2>&1 | grep -F 'version "21.'; java -Xshare:on -version; \
    no command -v javac; no test -e /usr/lib/jvm; java --list-modules | grep -E '^(java.desktop|java.sql|jdk.jfr|jdk.crypto.ec|jdk.localedata)@' | wc -l | grep -Fx 5; \
    for tool in curl wget gpg fc-list trust; do command -v $tool; done; test -z "$(find / -xdev -path '/var/lib/apt/lists/*_*')"
RUN test "$(/__cacert_entrypoint.sh echo it runs)" = 'it runs'
RUN set -eux; store() { keytool -list -cacerts -storepass changeit | grep -c trustedCertEntry; }; \
    extra=$(find /usr/local/share/ca-certificates -name '*.crt' | wc -l); \
    test "$(store)" -gt 100; test "$(store)" -ge "$((extra + 100))"; \
    mkdir /certificates; keytool -genkeypair -alias own -keyalg EC -dname CN=own -keystore /tmp/own -storepass changeit; \
    keytool -exportcert -rfc -alias own -keystore /tmp/own -storepass changeit -file /certificates/own.crt; \
    before=$(store); USE_SYSTEM_CA_CERTS=1 /__cacert_entrypoint.sh true; test "$(store)" = "$((before + 1))"
USER 1000
RUN USE_SYSTEM_CA_CERTS=1 /__cacert_entrypoint.sh sh -c 'echo "$JAVA_TOOL_OPTIONS"' | grep -F trustStore=/tmp
"#;

#[tokio::test]
async fn the_java_runtime_stand_in_is_near_the_published_image_and_behaves_like_it() {
    if !live_or_skip("live::java::the_java_runtime_stand_in_is_near_the_published_image_and_behaves_like_it") {
        return;
    }
    let _guard = among_others();
    stand_in_holds("eclipse-temurin:21-jre", 4, RUNTIME).await;
}

/// A program that draws and speaks TLS is compiled, and Maven fetches a plugin with nothing set up for it.
const MAVEN: &str = r#"FROM maven:3.9-eclipse-temurin-21
RUN set -eux; no() { if "$@" >/dev/null 2>&1; then echo "unexpected: $*"; exit 1; fi; }; \
    mvn --version | grep -F 'Apache Maven 3.9.16'; mvn --version | grep -F 'runtime: /opt/java/openjdk'; \
    test "$MAVEN_HOME $MAVEN_CONFIG" = '/usr/share/maven /root/.m2'; test "$(readlink /usr/bin/mvn)" = /usr/share/maven/bin/mvn; \
    for tool in git ssh curl javac jshell jlink objdump; do command -v $tool; done; test -f "$JAVA_HOME/jmods/java.desktop.jmod"; \
    no test -e "$JAVA_HOME/lib/src.zip"; test -z "$(find / -xdev -path '/var/lib/apt/lists/*_*')"
RUN set -eux; rm -rf /root/.m2; mvn-entrypoint.sh sh -c 'test -z "${MAVEN_CONFIG-}"'; test -f /root/.m2/settings-docker.xml; \
    echo own >/root/.m2/settings-docker.xml; mvn-entrypoint.sh true; grep -Fx own /root/.m2/settings-docker.xml
RUN set -eux; cd /tmp; \
    printf '%s\n' 'import java.awt.*; import java.awt.image.*;' \
    'class Draw { public static void main(String[] a) throws Exception {' \
    'BufferedImage i = new BufferedImage(40, 20, BufferedImage.TYPE_INT_RGB); Graphics2D g = i.createGraphics();' \
    'g.drawString("ab", 2, 15); javax.imageio.ImageIO.write(i, "jpg", new java.io.File("x.jpg")); javax.net.ssl.SSLContext.getDefault();' \
    'java.util.random.RandomGenerator.getDefault(); } }' >Draw.java; \
    javac Draw.java; java -Djava.awt.headless=true Draw; test -s x.jpg; \
    jlink --add-modules java.base --output /tmp/small; /tmp/small/bin/java --version
RUN mvn -B -q -s /usr/share/maven/ref/settings-docker.xml org.apache.maven.plugins:maven-clean-plugin:3.4.1:help \
    && test -d /usr/share/maven/ref/repository/org/apache/maven
"#;

#[tokio::test]
async fn the_maven_stand_in_is_near_the_published_image_and_behaves_like_it() {
    if !live_or_skip("live::java::the_maven_stand_in_is_near_the_published_image_and_behaves_like_it") {
        return;
    }
    let _guard = among_others();
    stand_in_holds("maven:3.9-eclipse-temurin-21", 10, MAVEN).await;
}

/// What articles do on alpine without its package manager.
const ALPINE: &str = r#"FROM alpine:3.20
RUN set -eux; no() { if "$@" >/dev/null 2>&1; then echo "unexpected: $*"; exit 1; fi; }; \
    test "$(readlink -f /bin/sh)" = /bin/busybox; no command -v apk; no test -e /usr/bin/dpkg; \
    test -s /etc/ssl/certs/ca-certificates.crt; test "$(readlink -f /etc/ssl/cert.pem)" = /etc/ssl/certs/ca-certificates.crt; \
    addgroup -S app; adduser -S -G app app; adduser -D appuser; addgroup --gid 4000 staff4; adduser -D -H -s /sbin/nologin -u 5000 -G staff4 quiet; \
    test "$(id -u app)" -lt 1000; test "$(id -gn app)" = app; test "$(id -u appuser)" = 1000; test "$(stat -c %U /home/appuser)" = appuser; \
    test "$(id -u quiet):$(id -g quiet)" = 5000:4000; no test -e /home/quiet; \
    addgroup appuser staff4; id -Gn appuser | grep -F staff4; no adduser -D appuser; no addgroup app; no adduser -D -G none other
USER appuser
WORKDIR /home/appuser
RUN touch mine && test "$(whoami)" = appuser && wget --help 2>&1 | grep -q BusyBox
"#;

#[tokio::test]
async fn the_alpine_stand_in_has_busybox_and_users_but_no_package_manager() {
    if !live_or_skip("live::java::the_alpine_stand_in_has_busybox_and_users_but_no_package_manager") {
        return;
    }
    let _guard = among_others();
    stand_in_holds("alpine:3.20", 1, ALPINE).await;
}

/// Nothing runs in it, so another image looks at its files.
const DISTROLESS: &str = r"FROM gcr.io/distroless/static-debian12:nonroot AS looked-at
FROM scratch
COPY --from=looked-at /etc/passwd /etc/group /etc/nsswitch.conf /etc/os-release /etc/ssl/certs/ca-certificates.crt /etc/
COPY --from=looked-at /usr/share/zoneinfo/Europe/Berlin /usr/share/zoneinfo/
COPY --from=looked-at /etc/services /etc/protocols /etc/mime.types /etc/
COPY --from=looked-at /home/nonroot /home/nonroot
COPY --from=looked-at /tmp /tmp
COPY --from=looked-at /var/lib/dpkg/status.d/tzdata /var/lib/dpkg/status.d/
";

#[tokio::test]
async fn the_distroless_stand_in_has_certificates_zones_and_users_in_layers_of_their_own() {
    if !live_or_skip("live::java::the_distroless_stand_in_has_certificates_zones_and_users_in_layers_of_their_own") {
        return;
    }
    let _guard = among_others();
    stand_in_holds("gcr.io/distroless/static-debian12:nonroot", 12, DISTROLESS).await;
}
