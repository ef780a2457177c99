use proptest::prelude::*;

use super::*;

fn url(text: &str) -> String {
    Address::parse(text).unwrap_or_else(|why| panic!("{text}: {why}")).url()
}

#[test]
fn addresses_are_read_as_the_docker_command_reads_them() {
    for (text, expected) in [
        ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
        ("unix://", "unix:///var/run/docker.sock"),
        ("/run/d.sock", "unix:///run/d.sock"),
        ("tcp://", "tcp://localhost:2375"),
        ("tcp://10.0.0.1", "tcp://10.0.0.1:2375"),
        ("tcp://build.example:2376/", "tcp://build.example:2376"),
        ("tcp://[fe80::1]:2376", "tcp://[fe80::1]:2376"),
        ("tcp://[::1]", "tcp://[::1]:2375"),
        ("tcp://[::1]:", "tcp://[::1]:2375"),
        ("tcp://:2376", "tcp://localhost:2376"),
        ("10.0.0.1:2376", "tcp://10.0.0.1:2376"),
        ("ssh://me@host", "ssh://me@host"),
        ("ssh://host:2222", "ssh://host:2222"),
        ("ssh://me@[::1]:22/run/d.sock", "ssh://me@[::1]:22/run/d.sock"),
        ("ssh://host/", "ssh://host"),
    ] {
        assert_eq!(url(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_served_is_refused_with_the_cause_and_the_cure() {
    let refused: Vec<String> = [
        "npipe:////./pipe/docker_engine",
        "fd://",
        "http://x:2375",
        "gopher://x",
        "unix://relative",
        "tcp://x:port",
        "tcp://x:0",
        "tcp://x:70000",
        "tcp://[::1",
        "tcp://me@x",
        "tcp://x:2375/prefix",
        "ssh://",
        "ssh://-oProxyCommand=x",
        "ssh://-lroot@host",
        "ssh://me:secret@host",
        "ssh://host?x=1",
        "tcp://a b",
    ]
    .iter()
    .map(|text| format!("{text}: {}", Address::parse(text).expect_err(text)))
    .collect();
    insta::assert_snapshot!(refused.join("\n"));
}

#[test]
fn a_message_never_holds_a_password() {
    assert_eq!(without_password("ssh://me:secret@host/x"), "ssh://***@host/x");
    assert_eq!(without_password("tcp://a:b@c@host:1"), "tcp://***@host:1");
    assert_eq!(without_password("me:secret@host"), "***@host");
    assert_eq!(without_password("ssh://me@host:22"), "ssh://me@host:22");
    assert_eq!(without_password("tcp://x\u{1b}[2J:1"), "tcp://x:1");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,80}|(tcp|ssh|unix)://[a-z0-9@:/\\[\\].%-]{0,40}") {
        let _ = without_password(&text);
        if let Ok(address) = Address::parse(&text) {
            prop_assert_eq!(Address::parse(&address.url()), Ok(address));
        }
    }

    #[test]
    fn what_is_taken_as_an_ssh_address_holds_no_option_for_ssh(text in "ssh://[a-z0-9@:-]{1,20}") {
        if let Ok(Address::Ssh(address)) = Address::parse(&text) {
            prop_assert!(!address.host.starts_with('-') && !address.user.unwrap_or_default().starts_with('-'));
        }
    }
}
