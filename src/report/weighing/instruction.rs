//! What made a layer, as a line of a Dockerfile would say it.

/// Digits of a hash that are enough to tell it by.
const DIGITS: usize = 8;

/// `created_by` without what builders wrap around it: `/bin/sh -c #(nop)`, the shell and the build arguments before a
/// command, and the mark of `BuildKit`. Not yet fit for a terminal.
pub(in crate::report) fn instruction(created_by: &str) -> String {
    let text = created_by.trim();
    let text = text.strip_suffix("# buildkit").map_or(text, str::trim_end);
    if let Some(metadata) = text.strip_prefix("/bin/sh -c #(nop)") {
        return short_hashes(metadata.trim());
    }
    let run = text.strip_prefix("RUN ").map_or(text, str::trim_start);
    match shell(run) {
        Some(command) => format!("RUN {}", command.trim()),
        None => short_hashes(text),
    }
}

/// The command behind `/bin/sh -c`, and behind the build arguments that may stand before that: `|1 A=b /bin/sh -c …`.
fn shell(text: &str) -> Option<&str> {
    const SHELL: &str = "/bin/sh -c ";
    if let Some(command) = text.strip_prefix(SHELL) {
        return Some(command);
    }
    let arguments = text.strip_prefix('|').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?;
    let at = arguments.find(" /bin/sh -c ")?;
    Some(&arguments[at + 1 + SHELL.len()..])
}

/// `file:` and `dir:` with the hash of what was copied, as the classic builder writes them, shortened.
fn short_hashes(text: &str) -> String {
    let short = |word: &str| {
        let (kind, hash) = word.split_once(':')?;
        let hashed = matches!(kind, "file" | "dir" | "multi") && hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        hashed.then(|| format!("{kind}:{}", &hash[..DIGITS]))
    };
    text.split(' ').map(|word| short(word).unwrap_or_else(|| word.to_owned())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_builders_wrap_around_an_instruction_is_taken_off() {
        let hash = "0123456789abcdef".repeat(4);
        for (written, meant) in [
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", "CMD [\"bash\"]".to_owned()),
            (&format!("/bin/sh -c #(nop) ADD file:{hash} in / "), "ADD file:01234567 in /".to_owned()),
            ("/bin/sh -c apt-get update", "RUN apt-get update".to_owned()),
            ("RUN /bin/sh -c go build ./... # buildkit", "RUN go build ./...".to_owned()),
            ("RUN |2 A=1 B=a b /bin/sh -c make # buildkit", "RUN make".to_owned()),
            ("|1 A=1 /bin/sh -c make", "RUN make".to_owned()),
            ("COPY /src /app # buildkit", "COPY /src /app".to_owned()),
            ("WORKDIR /app", "WORKDIR /app".to_owned()),
            ("# debian.sh --arch 'amd64' out/ 'trixie'", "# debian.sh --arch 'amd64' out/ 'trixie'".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(instruction(written), meant, "{written}");
        }
    }

    proptest! {
        #[test]
        fn any_history_gives_a_line_that_is_hardly_longer(text in "(RUN )?(\\|[0-9] [A-Z=a-z ]{0,9})?(/bin/sh -c )?(#\\(nop\\) )?\\PC{0,40}( # buildkit)?") {
            prop_assert!(instruction(&text).chars().count() <= text.chars().count() + "RUN ".len());
        }
    }
}
