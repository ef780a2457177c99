import pytest

from app.config import ConfigError, port_from


def test_without_a_port_it_is_8080():
    assert port_from({}) == 8080
    assert port_from({"PORT": ""}) == 8080


def test_a_port_is_taken():
    assert port_from({"PORT": "9000"}) == 9000


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "8 0", "٣"])
def test_what_is_no_port_is_refused_by_name(text):
    with pytest.raises(ConfigError, match="PORT"):
        port_from({"PORT": text})
