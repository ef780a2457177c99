FROM debian:trixie-slim

ENV PATH=/usr/local/bin:$PATH

RUN set -eux; \
	apt-get update; \
	apt-get install -y --no-install-recommends \
		ca-certificates \
		netbase \
		tzdata \
	; \
	apt-get dist-clean

ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305
ENV PYTHON_VERSION=3.13.5
ENV PYTHON_SHA256=93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640

# The published image installs what compiling needs and purges all but what the modules are linked with, Tk excepted: this list.
RUN --mount=type=bind,from=tree,source=/target,target=/mnt set -eux; \
	apt-get update; \
	apt-get install -y --no-install-recommends \
		libbz2-1.0 \
		libdb5.3t64 \
		libexpat1 \
		libffi8 \
		libgdbm6t64 \
		liblzma5 \
		libncursesw6 \
		libreadline8t64 \
		libsqlite3-0 \
		libssl3t64 \
		libtinfo6 \
		libuuid1 \
		zlib1g \
	; \
	apt-get dist-clean; \
	cp -a /mnt/. /usr/local/; \
	ldconfig; \
	if find /usr/local -name '*.so*' -type f -not -name '*tkinter*' -exec ldd '{}' + | grep 'not found'; then exit 1; fi; \
	export PYTHONDONTWRITEBYTECODE=1; \
	python3 --version; \
	pip3 --version; \
	python3 -c "import bz2, ctypes, curses, dbm.gnu, dbm.ndbm, lzma, readline, site, sqlite3, ssl, uuid, zlib; assert site.getsitepackages() == ['/usr/local/lib/python3.13/site-packages']"

RUN set -eux; \
	for name in idle pip pydoc python; do ln -s "${name}3" "/usr/local/bin/$name"; done; \
	ln -s python3-config /usr/local/bin/python-config

CMD ["python3"]
