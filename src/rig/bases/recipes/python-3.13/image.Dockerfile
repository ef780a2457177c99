FROM buildpack-deps:trixie

ENV PATH=/usr/local/bin:$PATH

RUN set -eux; \
	apt-get update; \
	apt-get install -y --no-install-recommends \
		libbluetooth-dev \
		tk-dev \
		uuid-dev \
	; \
	apt-get dist-clean

ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305
ENV PYTHON_VERSION=3.13.5
ENV PYTHON_SHA256=93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640

RUN --mount=type=bind,from=tree,source=/target,target=/mnt set -eux; \
	cp -a /mnt/. /usr/local/; \
	ldconfig; \
	if find /usr/local -name '*.so*' -type f -exec ldd '{}' + | grep 'not found'; then exit 1; fi; \
	export PYTHONDONTWRITEBYTECODE=1; \
	python3 --version; \
	pip3 --version; \
	python3 -c "import bz2, ctypes, curses, dbm.gnu, dbm.ndbm, lzma, readline, site, sqlite3, ssl, tkinter, uuid, zlib; assert site.getsitepackages() == ['/usr/local/lib/python3.13/site-packages']"

RUN set -eux; \
	for name in idle pip pydoc python; do ln -s "${name}3" "/usr/local/bin/$name"; done; \
	ln -s python3-config /usr/local/bin/python-config

CMD ["python3"]
