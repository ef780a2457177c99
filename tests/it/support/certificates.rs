//! Certificates for tests, made by the openssl command: an authority, an engine's and a user's certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// An authority with what it has signed.
pub(crate) struct Authority {
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().expect("a folder is made") };
        let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
        authority.openssl(&[&arguments[..], &["-subj", "/CN=test", "-keyout", "ca-key.pem", "-out", "ca.pem"]].concat());
        authority
    }

    /// A certificate and its key in a new folder, with the authority's beside them. `names` is a subjectAltName; `days` may be 0,
    /// which has expired when this returns.
    pub(crate) fn issue(&self, folder: &str, names: &str, days: u32) -> PathBuf {
        let made = self.path(folder);
        fs::create_dir(&made).expect("a folder is made");
        fs::write(made.join("ext"), format!("subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n"))
            .expect("a file is written");
        let file = |name: &str| format!("{folder}/{name}");
        let (key, request, cert, ext) = (file("key.pem"), file("csr.pem"), file("cert.pem"), file("ext"));
        let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=leaf"];
        self.openssl(&[&new[..], &["-keyout", &key, "-out", &request]].concat());
        let sign = ["x509", "-req", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", &ext];
        self.openssl(&[&sign[..], &["-in", &request, "-out", &cert, "-days", &days.to_string()]].concat());
        fs::copy(self.path("ca.pem"), made.join("ca.pem")).expect("the authority's certificate is copied");
        if days == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1100));
        }
        made
    }

    /// A key like `key.pem` in `folder`, locked by a password.
    pub(crate) fn lock(&self, folder: &Path) {
        let key = folder.join("key.pem");
        let key = key.to_str().expect("text");
        self.openssl(&["pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", "locked.pem"]);
        fs::copy(self.path("locked.pem"), key).expect("the key is replaced");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().expect("the openssl command runs");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
