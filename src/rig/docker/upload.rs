//! A request body that is produced while it is sent: a bounded channel between a blocking producer and the connection.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Bytes handed to the connection at once.
const CHUNK: usize = 256 * 1024;

/// Chunks that may wait for the connection: with [`CHUNK`], the memory that an upload takes.
const WAITING: usize = 4;

/// How a body ended.
#[derive(Debug)]
pub(super) enum Sent<E> {
    /// It was taken whole; so many bytes.
    Whole(u64),
    /// The engine or this side ended the request before the end of the body.
    Cut,
    /// It could not be produced.
    Failed(E),
}

/// A body under way. Dropping it ends the producer.
#[derive(Debug)]
pub(super) struct Upload<E> {
    producer: JoinHandle<Sent<E>>,
    stop: DropGuard,
}

enum Part {
    Chunk(Bytes),
    End,
}

/// Starts `produce` on a thread for blocking work and gives the body that it writes. `progress` hears the bytes so far.
///
/// A body that is not whole, because its producer failed, panicked or was stopped, ends in an error, which breaks the request:
/// the engine never takes it for the end of the file.
pub(super) fn start<E: Send + 'static>(
    produce: impl FnOnce(&mut dyn Write) -> Result<(), E> + Send + 'static,
    progress: impl Fn(u64) + Send + 'static,
) -> (impl Stream<Item = io::Result<Bytes>> + Send + 'static, Upload<E>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let stop = CancellationToken::new();
    let writer = Writer { sender, stop: stop.clone(), runtime: Handle::current(), buffer: BytesMut::new(), sent: 0, cut: false, progress };
    let producer = tokio::task::spawn_blocking(move || writer.run(produce));
    let body = stream::unfold(Some(receiver), async |receiver| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Part::Chunk(chunk)) => Some((Ok(chunk), Some(receiver))),
            Some(Part::End) => None,
            None => Some((Err(io::Error::other("the body is not whole")), None)),
        }
    });
    (body, Upload { producer, stop: stop.drop_guard() })
}

impl<E> Upload<E> {
    /// Ends the body and says how far it came. To be asked when the engine's answer has ended.
    ///
    /// # Panics
    ///
    /// Where the producer did.
    pub(super) async fn end(self) -> Sent<E> {
        drop(self.stop);
        match self.producer.await {
            Ok(sent) => sent,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Sent::Cut,
            },
        }
    }
}

struct Writer<P: Fn(u64)> {
    sender: mpsc::Sender<Part>,
    stop: CancellationToken,
    runtime: Handle,
    buffer: BytesMut,
    sent: u64,
    cut: bool,
    progress: P,
}

impl<P: Fn(u64)> Writer<P> {
    fn run<E>(mut self, produce: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Sent<E> {
        let produced = produce(&mut self);
        match produced {
            // A producer sees a cut body as a write error of its own: the cut is the cause.
            _ if self.cut => Sent::Cut,
            Err(error) => Sent::Failed(error),
            Ok(()) if self.flush().is_ok() && self.send(Part::End).is_ok() => Sent::Whole(self.sent),
            Ok(()) => Sent::Cut,
        }
    }

    fn send(&mut self, part: Part) -> io::Result<()> {
        let sent = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => false,
                sent = self.sender.send(part) => sent.is_ok(),
            }
        });
        self.cut = !sent;
        if sent { Ok(()) } else { Err(io::Error::new(io::ErrorKind::BrokenPipe, "the engine took no more")) }
    }
}

impl<P: Fn(u64)> Write for Writer<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = self.buffer.split().freeze();
        let bytes = chunk.len() as u64;
        self.send(Part::Chunk(chunk))?;
        self.sent += bytes;
        (self.progress)(self.sent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::StreamExt;

    use super::*;

    fn megabytes(out: &mut dyn Write, count: usize) -> io::Result<()> {
        (0..count).try_for_each(|_| out.write_all(&vec![7; 1_000_000]))
    }

    #[tokio::test]
    async fn a_body_arrives_whole_and_is_counted() {
        let seen = Arc::new(AtomicU64::new(0));
        let last = seen.clone();
        let (body, upload) = start(|out| megabytes(out, 3), move |sent| seen.store(sent, Ordering::Relaxed));
        let bytes: usize = body.map(|chunk| chunk.expect("no error").len()).fold(0, async |sum, n| sum + n).await;
        assert_eq!(bytes, 3_000_000);
        assert!(matches!(upload.end().await, Sent::Whole(3_000_000)));
        assert_eq!(last.load(Ordering::Relaxed), 3_000_000);
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_stops_at_the_channels_bound() {
        let produced = Arc::new(AtomicU64::new(0));
        let count = produced.clone();
        let (body, upload) = start(
            move |out| (0..100).try_for_each(|n| out.write_all(&vec![7; CHUNK]).inspect(|()| count.store(n + 1, Ordering::Relaxed))),
            |_| (),
        );
        assert!(matches!(upload.end().await, Sent::Cut));
        assert!(produced.load(Ordering::Relaxed) <= WAITING as u64);
        drop(body);
    }

    #[tokio::test]
    async fn a_body_that_could_not_be_read_ends_in_an_error() {
        let (body, upload) = start(|out| out.write_all(b"half").map_err(|_| "write").and(Err("read")), |_| ());
        let items: Vec<_> = body.collect().await;
        assert!(items.last().expect("an item").is_err());
        assert!(matches!(upload.end().await, Sent::Failed("read")));
    }

    #[tokio::test]
    async fn a_panicking_producer_does_not_look_like_the_end_of_the_file() {
        let (body, upload) = start(|_| -> Result<(), ()> { panic!("on purpose") }, |_| ());
        let items: Vec<_> = body.collect().await;
        assert!(items.last().expect("an item").is_err());
        assert!(tokio::spawn(upload.end()).await.expect_err("the panic goes on").is_panic());
    }

    #[tokio::test]
    async fn dropping_the_upload_breaks_the_body() {
        let (body, upload) = start(|out| megabytes(out, 100), |_| ());
        drop(upload);
        let items: Vec<_> = body.collect().await;
        assert!(items.last().expect("an item").is_err());
    }
}
