//! Live tests of the stand-ins for Python: what their users rely on in the published images.

use super::bases::stand_in_holds;
use crate::support::live_or_skip;
use crate::support::machine::among_others;

/// In both forms of the image.
const PYTHON: &str = r#"
RUN set -eux; \
    test -z "$(find / -xdev '(' -path '/usr/local/*' '(' -name EXTERNALLY-MANAGED -o -name '*.pyc' -o -name test ')' -o -path '/var/lib/apt/lists/*_Packages*' ')')"; \
    for name in python python3 python3.13; do test "$($name --version)" = "Python $PYTHON_VERSION"; done; \
    pip --version | grep -F 'from /usr/local/lib/python3.13/site-packages/pip'; pip3 --version; pydoc -h; command -v idle python-config; \
    test "$(head -1 /usr/local/bin/pip)" = '#!/usr/local/bin/python3.13'; case $PATH in /usr/local/bin:*) ;; *) exit 1 ;; esac; \
    test "${LANG-unset} $(python -c 'import sys; print(sys.getfilesystemencoding())')" = "unset utf-8"; test "$(python -c 'import sys; print(sys.prefix, sys.base_prefix)')" = '/usr/local /usr/local'; \
    test "$(python -c 'import site; print(*site.getsitepackages())')" = /usr/local/lib/python3.13/site-packages; \
    test "$(python -c 'import sysconfig as s; print(s.get_path("scripts"), s.get_path("include"), s.get_config_var("CC"))')" = '/usr/local/bin /usr/local/include/python3.13 gcc'
RUN set -eux; cd /tmp; \
    python -c 'import bz2, ctypes, curses, lzma, readline, sqlite3, ssl, uuid, zlib; ctypes.CDLL(None).getpid(); sqlite3.connect(":memory:").enable_load_extension(True)'; \
    python -c 'import ssl; assert ssl.create_default_context().get_ca_certs()'; \
    pip install idna==3.10; python -c 'import idna; print(idna.__file__)' | grep -Fx /usr/local/lib/python3.13/site-packages/idna/__init__.py; \
    pip install --prefix=/install sniffio==1.3.1; test -d /install/lib/python3.13/site-packages/sniffio; \
    pip install --user h11==0.16.0; test -d /root/.local/lib/python3.13/site-packages/h11; \
    python -m venv /opt/venv; /opt/venv/bin/pip install click==8.1.8; \
    test "$(/opt/venv/bin/python -c 'import click, site, sys; print(sys.prefix, *site.getsitepackages())')" = '/opt/venv /opt/venv/lib/python3.13/site-packages'
"#;

#[tokio::test]
async fn the_slim_python_stand_in_is_near_the_published_image_and_behaves_like_it() {
    if !live_or_skip("live::python::the_slim_python_stand_in_is_near_the_published_image_and_behaves_like_it") {
        return;
    }
    let _guard = among_others();
    let slim = "RUN for tool in gcc git curl; do if command -v $tool; then exit 1; fi; done; test -f /usr/share/zoneinfo/UTC";
    stand_in_holds("python:3.13-slim", 4, &format!("FROM python:3.13-slim\n{slim}\n{PYTHON}")).await;
}

#[tokio::test]
async fn the_full_python_stand_in_is_near_the_published_image_and_compiles_extensions() {
    if !live_or_skip("live::python::the_full_python_stand_in_is_near_the_published_image_and_compiles_extensions") {
        return;
    }
    let _guard = among_others();
    let full = "RUN set -eux; for tool in gcc git hg curl convert; do command -v $tool; done; python -c 'import tkinter'; \
        pip install --no-binary :all: markupsafe==3.0.2; python -c 'import markupsafe._speedups'";
    stand_in_holds("python:3.13", 7, &format!("FROM python:3.13\n{PYTHON}\n{full}")).await;
}
