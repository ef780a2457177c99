//! The proof that an image works: a request from outside that its container answers as the scenario says.
//!
//! Images such as scratch and distroless have no shell, so nothing is run inside. Until the time-out every refusal and
//! every wrong answer to the first request counts as "not ready yet"; a container that ends is a failure at once. The
//! further requests are made once each.

use std::time::{Duration, Instant};

use crate::record::LAST_LINES;
use crate::rig::{Container, ContainerState, Engine, EngineError, anonymous_memory};
use crate::scenario::{SmokeCheck, SmokeExpect, SmokeRequest};

use super::http::{self, Answer};

/// Time between two tries.
const POLL: Duration = Duration::from_millis(10);
/// How often the engine is asked whether the container still runs.
const STATE_EVERY: Duration = Duration::from_millis(250);
/// The longest wait for one answer.
const TRY_LIMIT: Duration = Duration::from_secs(10);
/// How many of the container's last lines are shown.
const LOG_LINES: usize = 20;

/// How a smoke check ended.
#[derive(Debug)]
pub(super) enum Proof {
    /// The app answered as it should.
    Passed {
        /// Seconds from the call of this check until the first good answer.
        seconds: f64,
        /// When the first good answer was there.
        ready: Instant,
        /// Anonymous memory of the container's processes then, bytes; absent where they do not run on this machine.
        memory: Option<u64>,
    },
    /// It did not.
    Failed {
        /// What happened, with the container's last lines.
        reason: String,
        /// The container's last lines.
        log: Vec<String>,
        /// Seconds until the first good answer, or until it was known that there is none.
        seconds: f64,
    },
}

/// Asks `container` until it is ready and then makes every further request once.
pub(super) async fn prove(engine: &impl Engine, container: &Container, check: &SmokeCheck) -> Result<Proof, EngineError> {
    let began = Instant::now();
    let mut failure = until_ready(engine, container, check, began).await?;
    let ready = Instant::now();
    let seconds = (ready - began).as_secs_f64();
    let mut memory = None;
    if failure.is_none() {
        let id = container.id.clone();
        memory = tokio::task::spawn_blocking(move || anonymous_memory(&id)).await.unwrap_or(None);
        failure = first_miss(container, check).await;
    }
    let Some(failure) = failure else { return Ok(Proof::Passed { seconds, ready, memory }) };
    let log = engine.container_log(&container.id, LOG_LINES).await?;
    Ok(Proof::Failed { reason: with_log(&failure, &log), log, seconds })
}

/// `None` once the first request is answered well, else what was wrong.
async fn until_ready(
    engine: &impl Engine,
    container: &Container,
    check: &SmokeCheck,
    began: Instant,
) -> Result<Option<String>, EngineError> {
    let mut asked_state = Instant::now();
    loop {
        let left = check.timeout.saturating_sub(began.elapsed()).clamp(POLL, TRY_LIMIT);
        let Some(miss) = attempt(container, &check.ready, left).await else { return Ok(None) };
        let over = began.elapsed() >= check.timeout;
        if over || asked_state.elapsed() >= STATE_EVERY {
            asked_state = Instant::now();
            if let ContainerState::Exited(code) = engine.container_state(&container.id).await? {
                return Ok(Some(format!("the container ended with exit code {code} before it answered")));
            }
        }
        if over {
            let within = crate::units::seconds(check.timeout.as_secs_f64());
            return Ok(Some(format!("no good answer to {} within {within}: {miss}; {}", named(&check.ready), cure(check))));
        }
        tokio::time::sleep(POLL).await;
    }
}

fn cure(check: &SmokeCheck) -> String {
    format!("check that it listens on port {} of all addresses, and smoke.timeout", check.port)
}

/// What was wrong with the first further request that was not answered well.
async fn first_miss(container: &Container, check: &SmokeCheck) -> Option<String> {
    for request in &check.requests {
        if let Some(miss) = attempt(container, request, TRY_LIMIT).await {
            return Some(format!("{} was not answered well: {miss}", named(request)));
        }
    }
    None
}

fn named(request: &SmokeRequest) -> String {
    format!("{} {}", request.method, request.path)
}

/// `None` when the answer is good, else what was wrong with this try.
async fn attempt(container: &Container, wanted: &SmokeRequest, limit: Duration) -> Option<String> {
    let Some(address) = container.address else { return Some("its port was not published".to_owned()) };
    let request = http::request(address, &wanted.method, &wanted.path, wanted.body.as_deref());
    match tokio::time::timeout(limit, request).await {
        Err(_) => Some("the request was taken but not answered".to_owned()),
        Ok(Err(error)) => Some(error.to_string()),
        Ok(Ok(answer)) => judge(&answer, wanted.status, wanted.expect.as_ref()),
    }
}

/// `None` when the answer is what was expected, else what differs.
fn judge(answer: &Answer, status: u16, expect: Option<&SmokeExpect>) -> Option<String> {
    if answer.status != status {
        return Some(format!("status {} instead of {status}, body: {}", answer.status, shorten(&answer.body)));
    }
    let miss = expect?.compare(answer.body.as_bytes()).err()?;
    Some(format!("{miss}, body: {}", shorten(&answer.body)))
}

/// The first 200 characters on one line.
fn shorten(body: &str) -> String {
    let line: String = body.trim_end().chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if body.chars().nth(200).is_some() { format!("{line}…") } else { line }
}

fn with_log(failure: &str, log: &[String]) -> String {
    if log.is_empty() {
        return format!("{failure}; the container wrote nothing");
    }
    format!("{failure}{LAST_LINES}the container:\n{}", log.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned() }
    }

    #[test]
    fn a_json_answer_may_have_more_keys_but_no_other_values() {
        let wanted = SmokeExpect::Json(json!({"status": "ok"}));
        assert_eq!(judge(&answer(200, r#"{"status":"ok","uptime":3}"#), 200, Some(&wanted)), None);
        let miss = judge(&answer(200, r#"{"status":"down"}"#), 200, Some(&wanted)).expect("down is not ok");
        assert!(miss.contains("status") && miss.ends_with(r#"body: {"status":"down"}"#), "{miss}");
    }

    #[test]
    fn another_status_says_what_came_instead() {
        let miss = judge(&answer(500, "boom"), 200, None).expect("500 is not 200");
        assert_eq!(miss, "status 500 instead of 200, body: boom");
    }

    #[test]
    fn a_long_hostile_body_is_shown_short_and_on_one_line() {
        let shown = shorten(&"\u{1b}[31mx\n".repeat(1000));
        assert!(shown.chars().count() == 201 && !shown.contains('\u{1b}') && !shown.contains('\n'));
    }
}
