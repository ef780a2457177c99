//! One direction of one connection: from its reader over the line to its writer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::books::{Books, Direction};
use super::lane::{Held, Lane};

/// Where a direction broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The sender is gone without an end. What it had sent was delivered.
    Reading,
    /// The receiver takes no more.
    Writing,
}

/// What is on its way to the receiver. The channel needs no bound: every part holds room of the connection's queue.
enum Item<'a> {
    Part { bytes: Bytes, due: Instant, held: Held<'a> },
    End { due: Instant },
}

/// A direction that is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    pub(super) lane: &'a Lane,
    pub(super) books: &'a Books,
    pub(super) direction: Direction,
}

/// Carries everything from `reader` to `writer`, and the end after it.
pub(super) async fn pump(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    course: Course<'_>,
) -> Result<(), Broken> {
    let (room, slow) = (Semaphore::new(course.lane.room()), AtomicBool::new(false));
    let (sender, receiver) = unbounded_channel();
    let mut intake = pin!(intake(reader, course.lane, (&room, &slow), sender));
    let mut outlet = pin!(outlet(writer, course, &slow, receiver));
    tokio::select! {
        read = &mut intake => outlet.await.and(read),
        // It ends before the intake only where the receiver is gone.
        written = &mut outlet => written,
    }
}

/// Puts on the line what the sender has. A sender that never lets the reader wait has had bytes for the line all the time, also
/// while this proxy got no processor: the line makes up for that. What a slow receiver held up has no such claim.
async fn intake<'a>(
    reader: &mut (impl AsyncRead + Unpin),
    lane: &'a Lane,
    (room, slow): (&'a Semaphore, &AtomicBool),
    queue: UnboundedSender<Item<'a>>,
) -> Result<(), Broken> {
    let (mut block, mut busy_since) = (BytesMut::new(), Instant::now());
    loop {
        let (bytes, waited) = read(reader, &mut block, lane.part()).await?;
        if bytes.is_empty() {
            break;
        }
        let held = lane.hold(room, bytes.len()).await.ok_or(Broken::Writing)?;
        if slow.swap(false, Ordering::Relaxed) || waited {
            busy_since = Instant::now();
        }
        let due = lane.admit(busy_since, bytes.len()).await;
        queue.send(Item::Part { bytes, due, held }).map_err(|_| Broken::Writing)?;
    }
    queue.send(Item::End { due: lane.arrival() }).map_err(|_| Broken::Writing)
}

/// The next bytes, `part` at most, and whether they had to be waited for; none at the end. Small ones share a block of
/// memory, of which less than half is lost.
async fn read(reader: &mut (impl AsyncRead + Unpin), block: &mut BytesMut, part: usize) -> Result<(Bytes, bool), Broken> {
    if block.capacity() < part {
        block.reserve(2 * part);
    }
    let mut waited = false;
    {
        let mut into = (&mut *block).limit(part);
        // Without a budget, so that it is pending where there is nothing to read and nowhere else.
        let mut reading = pin!(unconstrained(reader.read_buf(&mut into)));
        let read = poll_fn(|cx| {
            let polled = reading.as_mut().poll(cx);
            waited |= polled.is_pending();
            polled
        });
        read.await.map_err(|_| Broken::Reading)?;
    }
    Ok((block.split().freeze(), waited))
}

async fn outlet(
    writer: &mut (impl AsyncWrite + Unpin),
    course: Course<'_>,
    slow: &AtomicBool,
    mut queue: UnboundedReceiver<Item<'_>>,
) -> Result<(), Broken> {
    while let Some(item) = queue.recv().await {
        match item {
            Item::Part { bytes, due, held } => {
                course.lane.until(due).await;
                unconstrained(deliver(writer, course, slow, bytes)).await?;
                drop(held);
            }
            Item::End { due } => {
                course.lane.until(due).await;
                return writer.shutdown().await.map_err(|_| Broken::Writing);
            }
        }
    }
    // The sender broke off: the receiver is not told that this was the end.
    Ok(())
}

/// Hands `bytes` over, and says so where the receiver is slow to take them.
async fn deliver(writer: &mut (impl AsyncWrite + Unpin), course: Course<'_>, slow: &AtomicBool, mut bytes: Bytes) -> Result<(), Broken> {
    while bytes.has_remaining() {
        let write = poll_fn(|cx| {
            let written = course.books.counted(course.direction, || Pin::new(&mut *writer).poll_write(cx, &bytes));
            slow.fetch_or(written.is_pending(), Ordering::Relaxed);
            written
        });
        match write.await {
            Ok(0) | Err(_) => return Err(Broken::Writing),
            Ok(count) => bytes.advance(count),
        }
    }
    Ok(())
}
