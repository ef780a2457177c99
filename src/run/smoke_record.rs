//! A smoke check as a record has it, so that a later run can tell whether it was proven by the same.

use serde_json::{Value, json};

use crate::image::Digest;
use crate::record::SmokeRecord;
use crate::scenario::{SmokeCheck, SmokeExpect, SmokeRequest};

/// `check` for a record. How long it waits proves nothing and is left out.
pub fn smoke_record(check: &SmokeCheck) -> SmokeRecord {
    let all = || std::iter::once(&check.ready).chain(&check.requests);
    let whole = json!({
        "port": check.port,
        "env": check.env,
        "command": check.command,
        "requests": all().map(whole).collect::<Vec<_>>(),
    });
    SmokeRecord { requests: all().map(in_words).collect(), digest: Digest::of(whole.to_string().as_bytes()).to_string() }
}

fn whole(request: &SmokeRequest) -> Value {
    let SmokeRequest { method, path, body, status, expect } = request;
    let expect = match expect {
        None => Value::Null,
        Some(SmokeExpect::Text(text)) => json!({ "text": text }),
        Some(SmokeExpect::Json(value)) => json!({ "json": value }),
    };
    json!({ "method": method, "path": path, "body": body, "status": status, "expect": expect })
}

fn in_words(request: &SmokeRequest) -> String {
    let SmokeRequest { method, path, body, status, expect } = request;
    let body = body.as_ref().map_or("", |_| " with a body");
    let expect = match expect {
        None => "",
        Some(SmokeExpect::Text(_)) => " with a text",
        Some(SmokeExpect::Json(_)) => " with JSON",
    };
    let path = path.split_once('?').map_or_else(|| path.clone(), |(path, _)| format!("{path}?…"));
    format!("{method} {path}{body}: {status}{expect}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check() -> SmokeCheck {
        let request =
            |path: &str, expect| SmokeRequest { method: "GET".to_owned(), path: path.to_owned(), body: None, status: 200, expect };
        SmokeCheck {
            port: 8080,
            timeout: Duration::from_secs(30),
            ready: request("/health", None),
            requests: vec![request("/api/items", Some(SmokeExpect::Json(json!({"items": [], "next": null}))))],
            env: [("TOKEN".to_owned(), "hidden".to_owned())].into(),
            command: None,
        }
    }

    #[test]
    fn it_says_what_is_asked_and_nothing_of_what_is_sent_or_wanted() {
        let mut check = check();
        check.ready.body = Some("hidden".to_owned());
        check.ready.path = "/health?token=hidden".to_owned();
        let record = smoke_record(&check);
        assert_eq!(record.requests, ["GET /health?… with a body: 200", "GET /api/items: 200 with JSON"]);
        assert!(!format!("{record:?}").contains("hidden"), "{record:?}");
    }

    #[test]
    fn another_time_limit_proves_the_same() {
        let patient = SmokeCheck { timeout: Duration::from_mins(1), ..check() };
        assert_eq!(smoke_record(&check()), smoke_record(&patient));
    }

    #[test]
    fn whatever_else_differs_is_another_check() {
        let changes: [fn(&mut SmokeCheck); 8] = [
            |check| check.port = 80,
            |check| check.ready.path = "/".to_owned(),
            |check| check.ready.method = "HEAD".to_owned(),
            |check| check.ready.status = 204,
            |check| check.ready.body = Some(String::new()),
            |check| check.requests[0].expect = Some(SmokeExpect::Json(json!({}))),
            |check| check.env.clear(),
            |check| check.command = Some(vec!["serve".to_owned()]),
        ];
        let mut digests: Vec<String> = vec![smoke_record(&check()).digest];
        for change in changes {
            let mut other = check();
            change(&mut other);
            digests.push(smoke_record(&other).digest);
        }
        let count = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), count);
    }
}
