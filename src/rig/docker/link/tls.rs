//! TLS over a TCP connection: certificates read and checked before anything is sent.

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, InconsistentKeys, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Trouble;
use crate::rig::docker::endpoint::TlsFiles;

/// Largest file of certificates that is read, bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What it takes to speak TLS with one engine.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Reads `files`; `host` is what the engine's certificate must be for.
    pub(super) fn new(files: &TlsFiles, host: &str) -> Result<Self, Trouble> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| known(format!("no certificate can be for {host}; name the engine by its host name or IP address")))?;
        Ok(Self { connector: Arc::new(config(files)?).into(), name })
    }

    /// Both sides prove themselves on `stream`.
    pub(super) async fn over(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Trouble> {
        let shaken = tokio::time::timeout(super::CONNECT, self.connector.connect(self.name.clone(), stream)).await;
        match shaken {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => Err(known(
                "the connection was closed in the middle of the TLS handshake; check that this port is the engine's TLS port (often 2376)",
            )),
            Ok(Err(source)) => Err(Trouble::Handshake { source }),
            Err(_) => Err(known("nothing answers the TLS handshake; check that this port is the engine's TLS port (often 2376)")),
        }
    }
}

fn known(why: impl Into<String>) -> Trouble {
    Trouble::Known(why.into())
}

fn config(files: &TlsFiles) -> Result<ClientConfig, Trouble> {
    check_processor()?;
    let provider = Arc::new(rustls_graviola::default_provider());
    let versions = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| known(format!("TLS cannot be used ({error}); use ssh:// instead")))?;
    let builder = if files.verify {
        versions.with_root_certificates(roots(files)?)
    } else {
        versions.dangerous().with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
    };
    let Some((cert, key)) = &files.pair else { return Ok(builder.with_no_client_auth()) };
    let (chain, secret) = (certificates(cert)?, private_key(key)?);
    builder.with_client_auth_cert(chain, secret).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            known(format!("{} is not the key of {}; put the two that belong together there", key.display(), cert.display()))
        }
        rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
            known(format!("{} holds no certificate that can be read; issue it again", cert.display()))
        }
        other => known(format!("{} cannot be used as a key ({other}); issue an ECDSA P-256 or an RSA key", key.display())),
    })
}

/// The cryptography is written for processors of the last ten years and would end the program on an older one.
fn check_processor() -> Result<(), Trouble> {
    #[cfg(target_arch = "x86_64")]
    let able = is_x86_feature_detected!("adx")
        && is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    let able = is_aarch64_feature_detected!("aes") && is_aarch64_feature_detected!("pmull") && is_aarch64_feature_detected!("sha2");
    if able { Ok(()) } else { Err(known("this processor lacks instructions for AES, which TLS needs here; use ssh:// instead")) }
}

/// The system's authorities and the ones that are named, as the docker command trusts them.
fn roots(files: &TlsFiles) -> Result<RootCertStore, Trouble> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &files.ca {
        for certificate in certificates(path)? {
            let unusable =
                |error| known(format!("{} cannot be used as an authority ({error}); copy the engine's ca.pem there", path.display()));
            roots.add(certificate).map_err(unusable)?;
        }
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    let unreadable = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => known(format!(
            "{} is not there; copy it from the engine, or set DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem",
            path.display()
        )),
        _ => known(format!("{} cannot be read ({error}); make it readable for you", path.display())),
    };
    let size = fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > LARGEST {
        return Err(known(format!("{} is larger than 4 MiB; put a PEM file there", path.display())));
    }
    fs::read(path).map_err(|error| unreadable(&error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| known(format!("{} holds no certificate; put one in PEM form there (-----BEGIN CERTIFICATE-----)", path.display())))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Trouble> {
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let encrypted = bytes.windows(b"ENCRYPTED".len()).any(|window| window == b"ENCRYPTED");
        let shown = path.display();
        known(if encrypted {
            format!("{shown} is locked by a password, which is never asked for; write it without one with openssl pkey")
        } else {
            format!("{shown} holds no private key; put one in PEM form there (-----BEGIN PRIVATE KEY-----)")
        })
    })
}

/// Takes whatever certificate comes, where the user asked for that. Signatures are still checked.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
