//! Layers of an archive read by their headers: contents are passed over, but for those that may be in the image more than once.
//!
//! Nothing is hashed as a whole, so that a layer's `diff_id` is the word of whoever wrote the archive. What decides sizes is the same as
//! where every byte is read: kinds, paths and lengths are all in the headers, a tar that is cut or broken shows, and contents of at
//! least [`MIN_COMPARED`] bytes are hashed where another one has the same length, so that duplicates are exact.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use super::packed::{Packed, Span};
use crate::image::listing::{ContentHash, Listing, ListingWriter};
use crate::image::walk::{BLOCK, Sink, TarEntry, TarFault, TarWalk};
use crate::image::{Digest, ImageError, LayerFacts, MIN_COMPARED, in_parallel};

/// Bytes that are read at once: small files are cheaper read over than sought past.
const WINDOW: usize = 32 << 10;

/// A layer whose headers were read.
struct Headers {
    listing: Result<Listing, TarFault>,
    /// Where the contents lie that may be duplicates, in the order of the listing.
    contents: Vec<Span>,
}

/// What the headers tell of every layer in `spans`, which are plain tars, with the `diff_id` that it is said to have.
pub(super) fn layers(packed: &Packed, spans: &[(Digest, Span)]) -> Result<Vec<LayerFacts>, ImageError> {
    let failed = |number: usize, source| ImageError::Read { digest: spans[number].0, source };
    let read = |number: usize| headers(packed, spans[number].1).map_err(|source| failed(number, source));
    let scanned = in_parallel(spans.len(), read)?;
    let mut lengths: HashMap<u64, bool> = HashMap::new();
    for content in scanned.iter().flat_map(|layer| &layer.contents) {
        lengths.entry(content.size).and_modify(|again| *again = true).or_insert(false);
    }
    let scanned: Vec<_> = scanned.into_iter().map(|layer| Mutex::new(Some(layer))).collect();
    in_parallel(spans.len(), |number| {
        let layer = scanned[number].lock().expect("nobody panics while holding it").take().expect("each is taken once");
        let listing = complete(packed, layer, &lengths).map_err(|source| failed(number, source))?;
        let (diff_id, span) = spans[number];
        Ok(LayerFacts { stored: None, diff_id, uncompressed: span.size, listing })
    })
}

/// Walks the tar in `span` from header to header.
fn headers(packed: &Packed, span: Span) -> io::Result<Headers> {
    let mut walk = TarWalk::new(Noting::default());
    let mut window = vec![0; WINDOW];
    while walk.position() < span.size && !walk.is_over() {
        let (begin, left) = (walk.position(), span.size - walk.position());
        let length = usize::try_from(left).map_or(WINDOW, |left| left.min(WINDOW));
        packed.read_at(&mut window[..length], span.offset + begin)?;
        if !within(&mut walk, &window[..length], left) {
            break;
        }
    }
    let told = walk.finish();
    Ok(match told {
        Ok(Noting { writer, contents, .. }) => {
            let contents = contents.into_iter().map(|at| Span { offset: span.offset + at.offset, ..at }).collect();
            Headers { listing: Ok(writer.finish()), contents }
        }
        Err(fault) => Headers { listing: Err(fault), contents: Vec::new() },
    })
}

/// Takes what `window` has, which begins where the walk is; the layer has `left` bytes from there. Whether there is more to take.
fn within(walk: &mut TarWalk<Noting>, window: &[u8], left: u64) -> bool {
    let begin = walk.position();
    while !walk.is_over() {
        let passed = walk.position() - begin;
        let content = walk.skippable();
        if content > left - passed {
            // Ending here, in the middle of a content, is what makes it an error.
            return false;
        }
        if content > 0 {
            walk.skip(content);
            continue;
        }
        let Some(rest) = usize::try_from(passed).ok().and_then(|passed| window.get(passed..)).filter(|rest| !rest.is_empty()) else {
            return true;
        };
        // No further than to the end of a block, behind which the next content may begin.
        let block = BLOCK - usize::try_from(walk.position() % BLOCK as u64).expect("it is less than a block");
        let count = block.min(rest.len());
        walk.sink_mut().at = walk.position() + count as u64;
        walk.update(&rest[..count]);
    }
    true
}

/// Writes a listing, and notes where contents lie.
#[derive(Default)]
struct Noting {
    writer: ListingWriter,
    contents: Vec<Span>,
    /// Where the content of an entry begins that is told now.
    at: u64,
}

impl Sink for Noting {
    fn entry(&mut self, entry: &TarEntry<'_>) -> Result<(), String> {
        self.writer.entry(entry)?;
        if self.writer.awaits_content() && entry.size >= MIN_COMPARED {
            self.contents.push(Span { offset: self.at, size: entry.size });
        }
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) {
        self.writer.content(bytes);
    }

    fn unseen(&mut self, count: u64) {
        self.writer.unseen(count);
    }

    fn end(&mut self) {
        self.writer.end();
    }
}

/// The listing with the hashes of all contents whose length is there `again`.
fn complete(packed: &Packed, layer: Headers, again: &HashMap<u64, bool>) -> io::Result<Result<Arc<Listing>, TarFault>> {
    let Headers { listing, contents } = layer;
    let mut listing = match listing {
        Ok(listing) => listing,
        Err(fault) => return Ok(Err(fault)),
    };
    let (mut contents, mut failed, mut room) = (contents.into_iter(), None, Vec::new());
    listing.complete(|entry| {
        if entry.size < MIN_COMPARED || failed.is_some() {
            return None;
        }
        let span = contents.next()?;
        let wanted = again.get(&span.size).copied().unwrap_or(false);
        if wanted { hash(packed, span, &mut room).map_err(|error| failed = Some(error)).ok() } else { None }
    });
    failed.map_or(Ok(Ok(Arc::new(listing))), Err)
}

/// The hash of a content; a small one is read in one piece.
fn hash(packed: &Packed, span: Span, room: &mut Vec<u8>) -> io::Result<ContentHash> {
    match usize::try_from(span.size) {
        Ok(size) if size <= 4 * WINDOW => {
            room.resize(room.len().max(size), 0);
            packed.read_at(&mut room[..size], span.offset)?;
            Ok(ContentHash::of(&room[..size]))
        }
        _ => ContentHash::read(packed.open(span)).map(|(hash, _)| hash),
    }
}
