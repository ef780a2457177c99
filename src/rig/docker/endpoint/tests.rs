use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A folder of docker's settings.
struct Settings(TempDir);

impl Settings {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder is made"))
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is made");
        fs::write(path, text).expect("a file is written");
        self
    }

    /// The id is what `printf NAME | sha256sum` prints.
    fn context(&self, id: &str, name: &str, docker: &str) -> &Self {
        let meta = format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{docker}}}}}"#);
        self.write(&format!("contexts/meta/{id}/meta.json"), &meta)
    }

    fn resolve(&self, variables: &[(&str, &str)]) -> Result<Target, String> {
        let mut given: BTreeMap<_, _> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        given.insert("DOCKER_CONFIG".to_owned(), self.0.path().display().to_string());
        Endpoint::Variables(given).target().map_err(|error| error.to_string().replace(&self.0.path().display().to_string(), "CONFIG"))
    }

    fn url(&self, variables: &[(&str, &str)]) -> String {
        self.resolve(variables).expect("it is served").address.url()
    }

    fn refusal(&self, variables: &[(&str, &str)]) -> String {
        self.resolve(variables).expect_err("it is refused")
    }
}

const BUILD: &str = "44575cf5b28512d75644bf54a517dcef304ff809fd511747621b4d64f19aac66";
const REMOTE: &str = "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a";

#[test]
fn an_empty_environment_means_the_default_socket() {
    let settings = Settings::new();
    assert_eq!(settings.url(&[]), "unix:///var/run/docker.sock");
    assert_eq!(settings.url(&[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "default")]), "unix:///var/run/docker.sock");
    assert_eq!(Endpoint::Variables(BTreeMap::new()).target().expect("it is served").address.url(), "unix:///var/run/docker.sock");
}

#[test]
fn a_wish_for_tls_alone_means_the_tls_port_of_this_machine() {
    let target = Settings::new().resolve(&[("DOCKER_TLS_VERIFY", "1")]).expect("it is served");
    assert_eq!((target.address.url().as_str(), target.tls.is_some_and(|tls| tls.verify)), ("tcp://localhost:2376", true));
}

#[test]
fn docker_host_wins_over_a_context_and_says_so() {
    let settings = Settings::new();
    settings.write("config.json", r#"{"currentContext":"remote"}"#);
    let target = settings.resolve(&[("DOCKER_HOST", "unix:///run/d.sock"), ("DOCKER_CONTEXT", "remote")]).expect("it is served");
    assert_eq!(target.address.url(), "unix:///run/d.sock");
    assert_eq!(target.warnings, ["DOCKER_HOST goes before the docker context remote; unset one of them"]);
}

#[test]
fn a_context_is_followed_wherever_it_is_chosen() {
    let settings = Settings::new();
    settings.context(BUILD, "build", r#"{"Host":"ssh://me@build","SkipTLSVerify":false}"#).context(REMOTE, "remote", r#"{"Host":""}"#);
    settings.write("config.json", r#"{"auths":{},"currentContext":"build"}"#);
    assert_eq!(settings.url(&[]), "ssh://me@build");
    assert_eq!(settings.url(&[("DOCKER_CONTEXT", "remote")]), "unix:///var/run/docker.sock");
    assert_eq!(settings.url(&[("DOCKER_CONTEXT", "default")]), "unix:///var/run/docker.sock");
    assert_eq!(settings.url(&[("DOCKER_HOST", "tcp://127.0.0.1")]), "tcp://127.0.0.1:2375");
}

#[test]
fn a_contexts_certificates_are_found_and_its_wish_not_to_check_is_said() {
    let settings = Settings::new();
    settings.context(BUILD, "build", r#"{"Host":"tcp://build.example:2376","SkipTLSVerify":false}"#);
    let build = [("DOCKER_CONTEXT", "build")];
    let plain = settings.resolve(&build).expect("it is served");
    assert!(plain.tls.is_none() && plain.warnings[0].contains("is not encrypted"), "{plain:?}");
    settings.write(&format!("contexts/tls/{BUILD}/docker/ca.pem"), "").write(&format!("contexts/tls/{BUILD}/docker/key.pem"), "");
    let checked = settings.resolve(&build).expect("it is served");
    let tls = checked.tls.expect("there are certificates");
    assert!(tls.verify && tls.ca.is_some() && tls.pair.is_some() && checked.warnings.is_empty(), "{tls:?}");
    settings.context(BUILD, "build", r#"{"Host":"tcp://build.example:2376","SkipTLSVerify":true}"#);
    let unchecked = settings.resolve(&build).expect("it is served");
    assert!(unchecked.tls.is_some_and(|tls| !tls.verify && tls.ca.is_none()));
    assert!(unchecked.warnings[0].contains("is not checked"), "{:?}", unchecked.warnings);
}

#[test]
fn certificates_come_from_docker_cert_path_or_the_settings() {
    let settings = Settings::new();
    let host = ("DOCKER_HOST", "tcp://10.0.0.1:2376");
    let tls = settings.resolve(&[host, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")]).expect("it is served").tls;
    assert_eq!(tls.and_then(|tls| tls.ca), Some(PathBuf::from("/certs/ca.pem")));
    let tls = settings.resolve(&[host, ("DOCKER_TLS_VERIFY", "1")]).expect("it is served").tls.expect("it was wished for");
    assert_eq!((tls.folder.as_path(), tls.pair), (settings.0.path(), None));
    let target = settings.resolve(&[host, ("DOCKER_TLS", "1")]).expect("it is served");
    assert!(target.tls.is_some_and(|tls| !tls.verify) && target.warnings[0].contains("is not checked"));
    let ssh = settings.resolve(&[("DOCKER_HOST", "ssh://host"), ("DOCKER_TLS_VERIFY", "1")]).expect("it is served");
    assert!(ssh.tls.is_none());
}

#[test]
fn plain_text_is_warned_of_unless_it_stays_on_this_machine() {
    let settings = Settings::new();
    for (host, warned) in
        [("tcp://10.0.0.1", true), ("tcp://build", true), ("tcp://127.0.0.1", false), ("tcp://[::1]:1", false), ("tcp://", false)]
    {
        assert_eq!(settings.resolve(&[("DOCKER_HOST", host)]).expect("it is served").warnings.len(), usize::from(warned), "{host}");
    }
}

#[test]
fn what_cannot_be_followed_is_refused_and_not_passed_over() {
    let settings = Settings::new();
    settings.context(BUILD, "build", r#"{"Host":"npipe:////./pipe/x"}"#).write(&format!("contexts/meta/{REMOTE}/meta.json"), "{");
    settings.write("contexts/meta/x/meta.json", r#"{"Name":"not its folder's"}"#);
    let mut told = vec![
        settings.refusal(&[("DOCKER_CONTEXT", "build")]),
        settings.refusal(&[("DOCKER_CONTEXT", "remote")]),
        settings.refusal(&[("DOCKER_CONTEXT", "gone\u{1b}[2J")]),
        settings.refusal(&[("DOCKER_HOST", "gopher://me:secret@x")]),
    ];
    settings.context(REMOTE, "other", "{}");
    told.push(settings.refusal(&[("DOCKER_CONTEXT", "remote")]));
    settings.write(&format!("contexts/meta/{REMOTE}/meta.json"), r#"{"Name":"remote","Endpoints":{"kubernetes":{}}}"#);
    told.push(settings.refusal(&[("DOCKER_CONTEXT", "remote")]));
    settings.write("config.json", "not json");
    told.push(settings.refusal(&[]));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_file_of_settings_that_is_too_large_is_not_read() {
    let settings = Settings::new();
    settings.write("config.json", &format!("{{\"currentContext\":\"{}\"}}", "x".repeat(2 * 1024 * 1024)));
    assert!(settings.refusal(&[]).contains("larger than 1 MiB"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_settings_and_any_context_are_read_without_panic(config in "\\PC{0,60}|\\{\"currentContext\":\"build\"\\}", meta in "\\PC{0,60}|\\{\"Name\":\"build\",\"Endpoints\":\\PC{0,40}\\}") {
        let settings = Settings::new();
        settings.write("config.json", &config).write(&format!("contexts/meta/{BUILD}/meta.json"), &meta);
        let _ = settings.resolve(&[]);
        let _ = settings.resolve(&[("DOCKER_CONTEXT", &config.replace('\0', ""))]);
    }
}
