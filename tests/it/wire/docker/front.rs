//! A TCP port in front of a scripted daemon, in plain text or behind TLS, that can be cut off.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Which certificates clients must have.
#[derive(Clone, Copy)]
pub(crate) enum Clients {
    /// None.
    Any,
    /// One of the authority beside the server's own.
    Known,
}

/// The port; dropping it resets every connection.
pub(crate) struct Front {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Front {
    pub(crate) async fn plain(socket: PathBuf) -> Self {
        Self::start(socket, None).await
    }

    /// With the certificates in `folder`.
    pub(crate) async fn tls(socket: PathBuf, folder: &Path, clients: Clients) -> Self {
        Self::start(socket, Some(Arc::new(config(folder, clients)).into())).await
    }

    async fn start(socket: PathBuf, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is bound");
        let address = listener.local_addr().expect("it has an address");
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, socket.clone(), tls.clone()));
            }
        });
        Self { address, server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends every connection and the port.
    pub(crate) fn cut(&self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, socket: PathBuf, tls: Option<TlsAcceptor>) {
    match tls {
        None => join(stream, &socket).await,
        Some(tls) => match tls.accept(stream).into_fallible().await {
            Ok(stream) => join(stream, &socket).await,
            // What is not read would make the close a reset, which may overtake the reason.
            Err((_, mut stream)) => {
                let _ = stream.shutdown().await;
                let _ = copy(&mut stream, &mut sink()).await;
            }
        },
    }
}

async fn join(mut stream: impl AsyncRead + AsyncWrite + Unpin, socket: &Path) {
    let mut daemon = UnixStream::connect(socket).await.expect("the daemon listens");
    let _ = copy_bidirectional(&mut stream, &mut daemon).await;
}

fn config(folder: &Path, clients: Clients) -> ServerConfig {
    let provider = Arc::new(rustls_graviola::default_provider());
    let certificate = |name: &str| CertificateDer::from_pem_file(folder.join(name)).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).expect("an authority");
    let versions = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
    let builder = match clients {
        Clients::Any => versions.with_no_client_auth(),
        Clients::Known => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a verifier");
            versions.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("a key");
    builder.with_single_cert(vec![certificate("cert.pem")], key).expect("they belong together")
}
