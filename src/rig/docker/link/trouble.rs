//! Why a connection did not come about, in words that hold the cure.

use std::error::Error as StdError;
use std::io;

use bollard::errors::Error;
use rustls::{AlertDescription, CertificateError};

use crate::rig::docker::endpoint::{Address, Target};

/// Why a connection did not come about, or broke.
#[derive(Debug, thiserror::Error)]
pub(in crate::rig::docker) enum Trouble {
    /// Cause and cure are known.
    #[error("{0}")]
    Known(String),
    /// Nothing takes connections there.
    #[error("cannot connect to {address}")]
    Connect {
        /// Host and port.
        address: String,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The two sides did not agree.
    #[error("the TLS handshake failed")]
    Handshake {
        /// The error of TLS.
        #[source]
        source: io::Error,
    },
}

/// The trouble and what it came from, in one sentence.
pub(super) fn in_words(trouble: &Trouble) -> String {
    let causes = std::iter::successors(Some(trouble as &(dyn StdError + 'static)), |error| (**error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What `error` comes from, if it is known. `tls` says whether the port was spoken to in TLS; `None` when it is no port.
pub(super) fn explained(error: &Error, target: &Target, tls: Option<bool>) -> Option<String> {
    let first: &(dyn StdError + 'static) = error;
    let chain = || std::iter::successors(Some(first), |error| (**error).source());
    if let Some(Trouble::Known(why)) = io_of(error).into_iter().chain(chain().filter_map(|error| error.downcast_ref())).find_map(inner) {
        return Some(why.clone());
    }
    let handshake = io_of(error).and_then(inner).and_then(|trouble: &Trouble| trouble.source()?.downcast_ref::<io::Error>());
    let rustls = handshake.into_iter().chain(chain().filter_map(|error| error.downcast_ref())).find_map(inner);
    if let Some(error) = rustls {
        return Some(of_tls(error, target));
    }
    let hung_up = matches!(error, Error::HyperResponseError { err } if is_hung_up(err));
    if hung_up && tls == Some(true) {
        return Some(turned_away("it closed the connection", target));
    }
    let not_http = hung_up || matches!(error, Error::HyperResponseError { err } if err.is_parse());
    let says_tls = matches!(error, Error::DockerResponseServerError { status_code: 400, message } if message.contains("HTTPS server"));
    (tls == Some(false) && (not_http || says_tls)).then(|| {
        let cure = "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use the port that speaks plain HTTP";
        if says_tls {
            format!("this port speaks TLS; {cure}")
        } else {
            format!("this port does not speak plain HTTP; if it speaks TLS, {cure}")
        }
    })
}

/// Whether the other side closed the connection without an answer. A server behind TLS may do so before its own answer to plain
/// text has arrived.
fn is_hung_up(error: &hyper::Error) -> bool {
    let reset = |error: &io::Error| matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
    error.is_incomplete_message() || error.is_canceled() || error.source().and_then(|source| source.downcast_ref()).is_some_and(reset)
}

const fn io_of(error: &Error) -> Option<&io::Error> {
    match error {
        Error::IOError { err } => Some(err),
        _ => None,
    }
}

/// What an I/O error was made of.
fn inner<T: StdError + 'static>(error: &io::Error) -> Option<&T> {
    error.get_ref()?.downcast_ref()
}

fn of_tls(error: &rustls::Error, target: &Target) -> String {
    match error {
        rustls::Error::InvalidCertificate(problem) => of_certificate(problem, target),
        rustls::Error::AlertReceived(alert) => of_alert(*alert, target),
        rustls::Error::InvalidMessage(_) => {
            "this port does not speak TLS; unset DOCKER_TLS_VERIFY and DOCKER_TLS, or use the engine's TLS port (often 2376)".to_owned()
        }
        other => format!("TLS failed ({other}); check the engine's TLS settings"),
    }
}

fn of_certificate(problem: &CertificateError, target: &Target) -> String {
    let host = match &target.address {
        Address::Tcp { host, .. } => host.as_str(),
        _ => "the engine",
    };
    let ca = target.tls.as_ref().map(|tls| tls.ca.clone().unwrap_or_else(|| tls.folder.join("ca.pem")));
    let ca = ca.map_or("ca.pem".to_owned(), |path| path.display().to_string());
    match problem {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("its certificate is signed by no authority in {ca}; copy the ca.pem there that the engine's certificate is signed by")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it on the engine's machine, or set this machine's clock right".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; set the clocks of both machines right".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "its certificate is not for {host}; name the engine as its certificate does, or issue one with subjectAltName for {host}"
        ),
        other => format!("its certificate cannot be trusted ({other}); issue another one for the engine"),
    }
}

/// The engine ended TLS. Go's TLS tells little of why.
fn of_alert(alert: AlertDescription, target: &Target) -> String {
    match alert {
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
            format!("it speaks no version or cipher of TLS that is safe ({alert:?}); update the engine")
        }
        _ => turned_away(&format!("{alert:?}"), target),
    }
}

/// The engine does not know us: so it is once its own certificate was found good.
fn turned_away(how: &str, target: &Target) -> String {
    match target.tls.as_ref().map(|tls| (&tls.folder, &tls.pair)) {
        None => format!("it ended TLS ({how}); check the engine's TLS settings"),
        Some((folder, None)) => format!("it asks for a certificate ({how}); put cert.pem and key.pem into {}", folder.display()),
        Some((_, Some((cert, _)))) => format!(
            "it does not take the certificate in {} ({how}); have one issued by the authority that the engine trusts, for client use and \
             not expired",
            cert.display()
        ),
    }
}
