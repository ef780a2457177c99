//! Where a container's port is published, and why that failed.

use std::net::{IpAddr, Ipv4Addr};

use crate::rig::docker::{EngineError, Reach, text};

/// The cure for a port that is in use. A start that failed with it is tried once more.
pub(super) const TAKEN: &str = "stop what listens there, or run again";

/// The cure for an address that the engine's machine does not have.
const NOT_THERE: &str = "the address leads to that machine by way of another one, so name the engine as ssh://user@host";

/// The address of the engine's machine to publish on: never all of its addresses, because what is tried out there is nobody
/// else's to use.
pub(super) const fn host_ip(reach: &Reach) -> IpAddr {
    match reach {
        Reach::At(address) => *address,
        Reach::Here | Reach::Through(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

/// What an engine says when it cannot publish; `None` when `message` is about something else.
pub(super) fn trouble(image: &str, reach: &Reach, message: &str) -> Option<EngineError> {
    const IN_USE: [&str; 3] = ["port is already allocated", "address already in use", "ports are not available"];
    let cure = if IN_USE.iter().any(|mark| message.contains(mark)) {
        TAKEN
    } else if message.contains("cannot assign requested address") {
        NOT_THERE
    } else {
        return None;
    };
    let address = host_ip(reach);
    let address = named_port(message).map_or_else(|| address.to_string(), |port| format!("{address} port {port}"));
    Some(EngineError::Publish { image: image.to_owned(), address, message: text::message(message), cure })
}

/// The port that the message names: `listen tcp4 127.0.0.1:49153: bind: …`, `Bind for 127.0.0.1:49153 failed: …`.
fn named_port(message: &str) -> Option<u16> {
    let word = message.split([' ', ',']).find(|word| word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit() || c == '['))?;
    word.trim_end_matches(':').rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> Option<String> {
        trouble("x:a", &Reach::Here, message).map(|error| error.to_string())
    }

    #[test]
    fn a_port_already_taken_is_named_with_the_cure() {
        let proxy = "driver failed programming external connectivity on endpoint x (0a): Error starting userland proxy: listen tcp4 127.0.0.1:49153: bind: address already in use";
        insta::assert_snapshot!(told(proxy).expect("it is about a port"), @"cannot publish a port of x:a on 127.0.0.1 port 49153 of the engine's machine: driver failed programming external connectivity on endpoint x (0a): Error starting userland proxy: listen tcp4 127.0.0.1:49153: bind: address already in use; stop what listens there, or run again");
        let bound =
            "driver failed programming external connectivity on endpoint x (0a): Bind for 127.0.0.1:8080 failed: port is already allocated";
        assert!(told(bound).expect("it is about a port").starts_with("cannot publish a port of x:a on 127.0.0.1 port 8080 of"));
    }

    #[test]
    fn an_address_that_the_machine_does_not_have_is_not_replaced_by_all_of_them() {
        let reach = Reach::At(IpAddr::from([203, 0, 113, 7]));
        assert_eq!(host_ip(&reach).to_string(), "203.0.113.7");
        let message = "Error starting userland proxy: listen tcp4 203.0.113.7:0: bind: cannot assign requested address";
        let told = trouble("x:a", &reach, message).expect("it is about an address").to_string();
        assert!(told.ends_with("name the engine as ssh://user@host"), "{told}");
    }

    #[test]
    fn other_refusals_are_not_about_a_port() {
        assert_eq!(told("No such image: x:a"), None);
        assert_eq!(named_port("exec: \"x\": executable file not found"), None);
    }
}
