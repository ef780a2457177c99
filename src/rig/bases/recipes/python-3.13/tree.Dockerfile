# The stage both images take /usr/local from. CPython's library, scripts and pip are upstream's: the source archive as Debian
# serves it, pinned by the hash that python.org publishes. The interpreter's library and the extension modules are Debian's
# builds of the same version, since compiling it takes longer than all other bases together. What Debian changes in where
# things are installed is in the library, which is upstream's here, and in one module inside the interpreter, seen to below.
FROM debian:trixie AS tree

ENV PYTHONDONTWRITEBYTECODE=1

RUN set -eux; \
	sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >/etc/apt/sources.list.d/source.sources; \
	apt-get update; \
	apt-get install -y --no-install-recommends dpkg-dev gcc libc6-dev xz-utils \
		libdb5.3t64 libexpat1 libffi8 libgdbm6t64 libncursesw6 libreadline8t64 libsqlite3-0 libssl3t64 libuuid1

RUN set -eux; \
	mkdir /source /packages /debian; \
	cd /packages; \
	apt-get source --download-only python3.13; \
	echo '93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640  python3.13_3.13.5.orig.tar.xz' | sha256sum -c -; \
	tar -x --no-same-owner --strip-components=1 -C /source -f python3.13_3.13.5.orig.tar.xz; \
	apt-get download libpython3.13 libpython3.13-dev libpython3.13-minimal libpython3.13-stdlib python3.13-gdbm python3.13-tk; \
	for package in *.deb; do dpkg-deb -x "$package" /debian; done

RUN set -eux; \
	cd /usr/local; \
	from=/debian/usr; \
	lib=lib/python3.13; \
	triple=x86_64-linux-gnu; \
	mkdir -p include lib/pkgconfig share/man/man1; \
	cp -r /source/Lib "$lib"; \
	cp /source/LICENSE "$lib/LICENSE.txt"; \
	cp -r "$from/$lib/lib-dynload" "$lib/"; \
	find "$lib/lib-dynload" -name '*.so' -exec chmod 0755 '{}' +; \
	install -m 0755 "$from/lib/$triple/libpython3.13.so.1.0" lib/; \
	ln -s libpython3.13.so.1.0 lib/libpython3.13.so; \
	cp -r "$from/include/python3.13" include/; \
	cp "$from/include/$triple/python3.13/pyconfig.h" include/python3.13/; \
	install -m 0644 /source/Misc/python.man share/man/man1/python3.13.1; \
	ln -s python3.13.1 share/man/man1/python3.1; \
# Where things are and how extension modules are compiled, said as upstream's own installation into /usr/local says it.
	sed -E \
		-e "/'(BINDIR|EXENAME|INCLUDEDIR|CONFINCLUDEDIR|DESTDIRS|INCLDIRSTOMAKE|MANDIR|SCRIPTDIR|datarootdir|exec_prefix|prefix)':/s#/usr\b#/usr/local#g" \
		-e "s#/usr/local/lib/$triple#/usr/local/lib#g; s#/usr/lib/$triple#/usr/local/lib#g" \
		-e 's#/usr/(lib|include)/python3#/usr/local/\1/python3#g' \
		-e 's#/build/[^/ ]+/python3[.]13-3[.]13[.]5(/build-shared)?#/usr/src/python#g' \
		-e "s#^(.*'WHEEL_PKG_DIR': ).*#\1'',#" \
		-e "s#^(.*'CONFIG_ARGS': ).*#\1\"'--enable-loadable-sqlite-extensions' '--enable-shared' '--with-ensurepip'\",#" \
		-e "s#$triple-(gcc-ar)#ar#g; s#$triple-(gcc|g\+\+)#\1#g" \
		-e 's# -Wl,-O1 -Wl,-Bsymbolic-functions  -Wl,-z,relro -g -fwrapv -O2 *##' \
		-e "s#('(LDFLAGS|PY_LDFLAGS|CONFIGURE_LDFLAGS)': ).*#\1'',#" \
		-e "/'(CFLAGS|OPT|PY_CFLAGS)':/s#-O2#-O3#" \
		"$from/$lib/_sysconfigdata__linux_$triple.py" >"$lib/_sysconfigdata__linux_$triple.py"; \
	if grep -nE "/usr/(lib|include)/(python3|$triple)|/build/[^/]+/python3" "$lib/_sysconfigdata__linux_$triple.py"; then exit 1; fi; \
	cp -r "$from/$lib/config-3.13-$triple" "$lib/"; \
	rm -f "$lib/config-3.13-$triple"/*.a "$lib/config-3.13-$triple"/*.so; \
	sed -i -E \
		-e 's#^(prefix=\t*)/usr$#\1/usr/local#; s#^((LIBDIR|MANDIR|BINDIR|INCLUDEDIR|LIBPC)=\t*)/usr/(.*)$#\1/usr/local/\3#' \
		-e "s#/usr/local/lib/$triple#/usr/local/lib#; s#/usr/lib/$triple#/usr/local/lib#" \
		-e "s#$triple-gcc-ar#ar#; s#$triple-(gcc|g\+\+)#\1#" \
		-e 's#/build/[^/ ]+/python3[.]13-3[.]13[.]5(/build-shared)?#/usr/src/python#g' \
		-e 's#^(WHEEL_PKG_DIR=).*#\1#' \
		-e "s#^(CONFIG_ARGS=\t).*#\1 '--enable-loadable-sqlite-extensions' '--enable-shared' '--with-ensurepip'#" \
		"$lib/config-3.13-$triple/Makefile"; \
	for file in python-3.13 python-3.13-embed; do \
		sed -e 's#^prefix=/usr$#prefix=/usr/local#' -e "s#^libdir=.*#libdir=\${exec_prefix}/lib#" -e "s# -I\${includedir}/$triple/python3.13##" \
			"$from/lib/$triple/pkgconfig/$file.pc" >"lib/pkgconfig/$file.pc"; \
	done; \
	ln -s python-3.13.pc lib/pkgconfig/python3.pc; \
	ln -s python-3.13-embed.pc lib/pkgconfig/python3-embed.pc; \
	sed -e 's#^prefix="/usr"#prefix="/usr/local"#' -e "s#/usr/lib/$triple#/usr/local/lib#" \
		-e 's#^PY_ENABLE_SHARED="0"#PY_ENABLE_SHARED="1"#' -e '/^LDLIBRARY=/s#[.]a"#.so"#' -e '/^OPT=/s#-O2#-O3#' \
		"$from/bin/$triple-python3.13-config" >bin/python3.13-config

# The program is upstream's: it calls the library's main function. Before that it puts upstream's `site`, compiled into it, in
# the place of the copy that Debian's library carries: that one looks for packages in dist-packages.
RUN set -eux; \
	cd /usr/local; \
	link() { gcc -O2 -Wall -Werror -Iinclude/python3.13 -o bin/python3.13 "$1" -Llib -lpython3.13 '-Wl,-rpath,$ORIGIN/../lib' -Wl,--strip-all; }; \
	{ \
		echo '#include <Python.h>'; \
		echo 'int main(int argc, char **argv) { return Py_BytesMain(argc, argv); }'; \
	} >/tmp/first.c; \
	link /tmp/first.c; \
	{ \
		echo '#include <Python.h>'; \
		bin/python3.13 -I -S -c "import marshal; code = compile(open('lib/python3.13/site.py', 'rb').read(), '<frozen site>', 'exec'); print('static const unsigned char site[] = {', ','.join(map(str, marshal.dumps(code))), '};')"; \
		echo 'static const struct _frozen replaced[] = {{"site", site, sizeof(site), 0}, {NULL, NULL, 0, 0}};'; \
		echo 'int main(int argc, char **argv) { PyImport_FrozenModules = replaced; return Py_BytesMain(argc, argv); }'; \
	} >/tmp/python.c; \
	link /tmp/python.c; \
	gcc -shared -o lib/libpython3.so -Wl,--no-as-needed -Wl,-h,libpython3.so -Wl,--strip-all -Llib -lpython3.13; \
	for name in idle pydoc; do sed '1s#.*#\#!/usr/local/bin/python3.13#' "/source/Tools/scripts/${name}3" >"bin/${name}3.13"; done; \
	chmod 0755 bin/*; \
	for name in idle pydoc python; do ln -s "${name}3.13" "bin/${name}3"; done; \
	ln -s python3.13-config bin/python3-config; \
	bin/python3.13 -m ensurepip; \
	find . -depth '(' -type d '(' -name test -o -name tests -o -name idle_test -o -name __pycache__ ')' \
		-o -type f '(' -name '*.pyc' -o -name '*.pyo' -o -name 'libpython*.a' ')' ')' -exec rm -rf '{}' +; \
	mkdir -p /target/share/man/man1; \
	mv bin include lib /target/; \
	mv share/man/man1/python3* /target/share/man/man1/

