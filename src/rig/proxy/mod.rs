//! The build proxy: a forward HTTP proxy on 127.0.0.1 that counts what builds download.
//!
//! RUN steps that heed `HTTP_PROXY` and `HTTPS_PROXY` come through it: HTTPS as tunnels (`CONNECT`) that are never opened, plain HTTP
//! request by request. It counts payload of TCP at the side of the servers, in an account for each build, and passes on to the proxy
//! that the environment names. With a link, all connections of builds share its rate and round trip. It runs on a thread of its own.
//!
//! State: the open accounts and their connections. Invariants: a request without the secret of an open account reaches nobody; when
//! an account is closed its connections are cut and its secret is worth nothing; nobody comes to loadline's own servers through it, nor
//! back to itself; a connection that shows no secret takes no room from builds; one that broke is never shown as one that ended.

mod account;
mod authority;
mod counted;
mod dial;
mod error;
mod forward;
mod headers;
mod interfaces;
mod serve;
mod strangers;

use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;

use super::link::Line;
use super::serving::Serving;
use crate::units::LinkProfile;

use self::account::Accounts;
use self::dial::Dialer;
use self::serve::Shared;

pub use self::account::{Account, Fetched};
pub use self::error::ProxyError;
pub use self::interfaces::{InterfaceError, Interfaces, Received};

/// The proxy's thread has this name.
const THREAD_NAME: &str = "loadline-proxy";

/// A running build proxy. Dropping it stops it too.
#[derive(Debug)]
pub struct BuildProxy {
    link: LinkProfile,
    accounts: Arc<Accounts>,
    serving: Serving,
}

impl BuildProxy {
    /// Starts a proxy on a free port of 127.0.0.1 that passes on to the proxies of this process's environment (`HTTP_PROXY`,
    /// `HTTPS_PROXY`, `NO_PROXY`). Nobody comes to `own` through it, loadline's own servers, nor back to the proxy itself.
    pub fn start(link: LinkProfile, own: &[SocketAddr]) -> Result<Self, ProxyError> {
        Self::with_upstream(link, own, Matcher::from_env())
    }

    /// The same with the proxies that are given, each a URL or empty: for `http`, for `https`, and the hosts for which there is none.
    pub fn by_way_of(link: LinkProfile, own: &[SocketAddr], (http, https, no): (&str, &str, &str)) -> Result<Self, ProxyError> {
        let matcher = Matcher::builder().http(http.to_owned()).https(https.to_owned()).no(no.to_owned()).build();
        Self::with_upstream(link, own, matcher)
    }

    fn with_upstream(link: LinkProfile, own: &[SocketAddr], upstream: Matcher) -> Result<Self, ProxyError> {
        let accounts = Arc::new(Accounts::default());
        let dialer = Dialer::new(upstream, own.iter().map(SocketAddr::port).collect())?;
        let served = Arc::clone(&accounts);
        let serving = Serving::start(THREAD_NAME, move |listener, address, stop| {
            serve::serve(listener, Shared::new(served, dialer.without(address.port()), link.shape().map(Line::new)), stop)
        })?;
        Ok(Self { link, accounts, serving })
    }

    /// Where it listens: `127.0.0.1:<port>`.
    pub const fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// What downloads keep to.
    pub const fn link(&self) -> LinkProfile {
        self.link
    }

    /// Opens an account for one build.
    pub fn open(&self) -> Result<Account, ProxyError> {
        Account::open(&self.accounts, self.address()).map_err(ProxyError::Secret)
    }

    /// Returns when it was told to stop or its thread ended, at once if that was before.
    pub async fn stopped(&self) {
        self.serving.stopped().await;
    }

    /// Stops listening, cuts every open connection, and waits until the thread is gone. A second call does nothing.
    pub async fn stop(&self) {
        self.serving.stop().await;
    }
}
