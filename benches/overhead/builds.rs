//! A build by loadline, and the same request posted to the same engine.
//!
//! `call` is everything that loadline does for a build, from reading the app's folder to the answer; `printed` is the build time
//! that a run keeps of it, which begins with the request. The plain side has the tar in memory before its clock starts.

use std::collections::HashSet;
use std::process::Command;
use std::time::Instant;

use crate::finding::Finding;
use crate::fixture::{Fixture, failed, query};
use crate::pairs::Course;
use crate::plain;
use crate::request::Part;
use crate::verdict::Bound;

/// What a cached build may take longer, seconds.
const CACHED: f64 = 0.05;
/// What a build that computes may take longer, as a part of it.
const COMPUTING: f64 = 0.02;
/// Files of the app whose build comes from the cache, beside its program and its Dockerfile.
const FILES: usize = 20;
/// Millions of steps that tell how fast this machine computes.
const TRIAL: u64 = 200;

const CACHED_DOCKERFILE: &str = "FROM scratch\nCOPY app /app\nCOPY words-* /words/\nRUN [\"/app\", \"did\"]\nCMD [\"/app\", \"serve\"]\n";

/// One build by each side.
struct Both {
    plain: f64,
    call: f64,
    printed: f64,
    /// The images: loadline's and the plain one.
    images: [String; 2],
}

/// Builds that take every step from the cache.
pub(crate) async fn cached(course: &mut Course) -> Result<Finding, String> {
    let fixture = Fixture::start().await?;
    fixture.write("Dockerfile", CACHED_DOCKERFILE)?;
    for n in 0..FILES {
        fixture.write(&format!("words-{n}"), format!("the words of file {n}\n").repeat(50))?;
    }
    let (cold, tar) = (fixture.build(&[]).await?, fixture.tar()?);
    let setting = format!("{}; 4 steps, a context of {} B in {} files", fixture.describe().await?, tar.len(), FILES + 2);
    let figures = [("call", Bound::Seconds(CACHED)), ("printed", Bound::Seconds(CACHED))];
    let mut finding = Finding::new(Part::Cached, setting, &figures);
    // The first of each side is not counted: it finds caches that no later one finds.
    both(&fixture, &tar, None, true).await?;
    while course.wants_more(&finding, false) {
        let ours_first = course.coin();
        let Both { plain, call, printed, images } = both(&fixture, &tar, None, ours_first).await?;
        if images.iter().any(|image| *image != cold.image_id) {
            return Err(format!("a build was not from the cache: it made {images:?} in place of {}", cold.image_id));
        }
        finding.push(ours_first, plain, &[call, printed]);
    }
    fixture.stop().await.map(|()| finding)
}

/// Builds with one step that is in no cache and computes for about so many seconds.
pub(crate) async fn computing(course: &mut Course, seconds: f64) -> Result<Finding, String> {
    let fixture = Fixture::start().await?;
    let millions = millions(&fixture, seconds)?;
    fixture.write("Dockerfile", format!("FROM scratch\nCOPY app /app\nARG SALT\nRUN [\"/app\", \"work\", \"{millions}\"]\n"))?;
    let setting = format!("{}; a RUN of {millions} million dependent steps", fixture.describe().await?);
    let figures = [("call", Bound::Part(COMPUTING)), ("printed", Bound::Part(COMPUTING))];
    let mut finding = Finding::new(Part::Build, setting, &figures);
    let (tar, mut seen) = (fixture.tar()?, HashSet::new());
    both(&fixture, &tar, Some(0), true).await?;
    while course.wants_more(&finding, true) {
        let ours_first = course.coin();
        let Both { plain, call, printed, images } = both(&fixture, &tar, Some(finding.ours_first.len() + 1), ours_first).await?;
        if !images.into_iter().all(|image| seen.insert(image)) {
            return Err("a build made an image that was there before: its step came from the cache".to_owned());
        }
        finding.push(ours_first, plain, &[call, printed]);
    }
    fixture.stop().await.map(|()| finding)
}

/// Builds once by each side. With a `pair` the builds have a build argument that no other has.
async fn both(fixture: &Fixture, tar: &[u8], pair: Option<usize>, ours_first: bool) -> Result<Both, String> {
    let salt = |side: &str| pair.map(|pair| format!("{side} {pair}"));
    let plain = || plain(fixture, tar, salt("plain"));
    if ours_first {
        let (call, solve) = ours(fixture, salt("ours")).await?;
        let answer = plain()?;
        return Ok(Both { plain: answer.seconds, call, printed: solve.wall.as_secs_f64(), images: [solve.image_id, answer.image_id] });
    }
    let answer = plain()?;
    let (call, solve) = ours(fixture, salt("ours")).await?;
    Ok(Both { plain: answer.seconds, call, printed: solve.wall.as_secs_f64(), images: [solve.image_id, answer.image_id] })
}

async fn ours(fixture: &Fixture, salt: Option<String>) -> Result<(f64, loadline::rig::Solve), String> {
    let arguments: Vec<(&str, &str)> = salt.iter().map(|salt| ("SALT", salt.as_str())).collect();
    let begun = Instant::now();
    let solve = fixture.build(&arguments).await?;
    Ok((begun.elapsed().as_secs_f64(), solve))
}

fn plain(fixture: &Fixture, tar: &[u8], salt: Option<String>) -> Result<plain::Answer, String> {
    let arguments = salt.map_or_else(|| "{}".to_owned(), |salt| format!("{{\"SALT\":\"{salt}\"}}"));
    plain::build(fixture.socket(), &query(&arguments), tar)
}

/// How many millions of steps take about so many seconds on this machine.
fn millions(fixture: &Fixture, seconds: f64) -> Result<u64, String> {
    let begun = Instant::now();
    let ran = Command::new(fixture.path("app")).args(["work", &TRIAL.to_string()]).output().map_err(failed("the app's program"))?;
    let took = begun.elapsed().as_secs_f64();
    if !ran.status.success() {
        return Err(format!("the app's program ended with {}", ran.status));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and casts saturate")]
    let millions = (TRIAL as f64 * seconds / took).round() as u64;
    Ok(millions.max(1))
}
