//! The account of one build: the secret by which its requests are known, and what they moved.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::headers::USER;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 16;

/// What one build moved through the proxy: payload of TCP between the proxy and the servers, TLS and HTTP's own words in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes from servers.
    pub received: u64,
    /// Those of them that came from this machine itself, and crossed no interface but the loopback one.
    pub received_locally: u64,
    /// Bytes to servers.
    pub sent: u64,
    /// Connections to servers.
    pub connections: u64,
    /// Those of them on which the build has not said its last word yet.
    pub unfinished: u64,
    /// Connections that no server took.
    pub refused: u64,
    /// Why the last of them was not taken.
    pub refusal: Option<String>,
}

/// The open accounts by their secrets.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<HashMap<String, Arc<Ledger>>>);

/// The books of an account.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    received: AtomicU64,
    received_locally: AtomicU64,
    sent: AtomicU64,
    connections: AtomicU64,
    unfinished: AtomicU64,
    refused: AtomicU64,
    refusal: Mutex<Option<String>>,
    closed: CancellationToken,
}

/// An open account. Dropping it closes it: its connections are cut, and its secret opens nothing any more.
#[derive(Debug)]
pub struct Account {
    accounts: Arc<Accounts>,
    ledger: Arc<Ledger>,
    secret: String,
    proxy: SocketAddr,
}

impl Account {
    pub(super) fn open(accounts: &Arc<Accounts>, proxy: SocketAddr) -> io::Result<Self> {
        let (secret, ledger) = (secret()?, Arc::new(Ledger::default()));
        accounts.open().insert(secret.clone(), Arc::clone(&ledger));
        Ok(Self { accounts: Arc::clone(accounts), ledger, secret, proxy })
    }

    /// The proxy as a build is told of it: `http://loadline:SECRET@127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{USER}:{}@{}", self.secret, self.proxy)
    }

    /// What was moved until now.
    pub fn fetched(&self) -> Fetched {
        self.ledger.fetched()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.accounts.open().remove(&self.secret);
        self.ledger.closed.cancel();
    }
}

impl Accounts {
    /// A map is whole whatever happened beside it.
    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Ledger>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books of the account with this secret.
    pub(super) fn of(&self, secret: &str) -> Option<Arc<Ledger>> {
        self.open().get(secret).cloned()
    }
}

impl Ledger {
    pub(super) fn received(&self, bytes: u64, locally: bool) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        if locally {
            self.received_locally.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.unfinished.fetch_add(1, Ordering::Relaxed);
    }

    /// On one of the connections the last word was said.
    pub(super) fn asked(&self) {
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, why: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// Cancelled when the account is closed.
    pub(super) const fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    fn fetched(&self) -> Fetched {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Fetched {
            received: read(&self.received),
            received_locally: read(&self.received_locally),
            sent: read(&self.sent),
            connections: read(&self.connections),
            unfinished: read(&self.unfinished),
            refused: read(&self.refused),
            refusal: self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Hexadecimal, so that it needs no escaping in a URL.
fn secret() -> io::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Arc<Accounts>, Account) {
        let accounts = Arc::new(Accounts::default());
        let account = Account::open(&accounts, SocketAddr::from(([127, 0, 0, 1], 9))).expect("there are random bytes");
        (accounts, account)
    }

    #[test]
    fn an_account_is_known_by_its_secret_until_it_is_dropped() {
        let (accounts, account) = opened();
        let secret = account.secret.clone();
        assert_eq!(account.url(), format!("http://loadline:{secret}@127.0.0.1:9"));
        assert!(secret.len() == 2 * SECRET_BYTES && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{secret}");
        let ledger = accounts.of(&secret).expect("it is open");
        assert!(accounts.of("").is_none() && !ledger.closed().is_cancelled());
        drop(account);
        assert!(accounts.of(&secret).is_none() && ledger.closed().is_cancelled());
    }

    #[test]
    fn no_two_accounts_share_a_secret_or_books() {
        let (accounts, first) = opened();
        let second = Account::open(&accounts, first.proxy).expect("there are random bytes");
        assert_ne!(first.secret, second.secret);
        first.ledger.received(5, true);
        first.ledger.received(7, false);
        first.ledger.refused("no");
        let expected = Fetched { received: 12, received_locally: 5, refused: 1, refusal: Some("no".to_owned()), ..Fetched::default() };
        assert_eq!((first.fetched(), second.fetched()), (expected, Fetched::default()));
    }
}
