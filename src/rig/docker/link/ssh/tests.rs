use proptest::prelude::*;

use super::*;

#[test]
fn what_ssh_says_becomes_a_cause_with_its_cure() {
    let told = [
        "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n",
        "@@@@@@@@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@@@@@@@@@@@@\r\nHost key verification failed.\r\n",
        "Warning: Permanently added 'h' (ED25519) to the list of known hosts.\r\nme@host: Permission denied (publickey).\r\n",
        "bash: line 1: docker: command not found\n",
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n",
        "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
        "ssh: Could not resolve hostname nowhere: Name or service not known\r\n",
        "ssh: connect to host 127.0.0.1 port 9: Connection refused\r\n",
        "something\u{1b}[2J new\n",
        "",
    ]
    .map(|said| explained("host", said, "exit status: 255"));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_path_stays_one_word_of_the_shell_there() {
    assert_eq!(quoted("unix:///a b;$(x)'"), r"'unix:///a b;$(x)'\'''");
}

proptest! {
    #[test]
    fn whatever_ssh_says_stays_short_and_printable(said in "(\\PC|[\\x00-\\x1f]){0,600}") {
        let told = explained("host", &said, "exit status: 1");
        prop_assert!(told.len() < 800 && !told.contains(char::is_control));
    }
}
