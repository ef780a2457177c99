//! A layer's tar: what it holds does not depend on the pieces in which it comes, and what is listed can be laid over itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadline::image::{Listing, ListingWriter, TarFault, TarWalk, Tree};

fn listed(tar: &[u8], piece: usize) -> Result<Listing, TarFault> {
    let mut walk = TarWalk::new(ListingWriter::default());
    for part in tar.chunks(piece) {
        walk.update(part);
    }
    assert_eq!(walk.position(), tar.len() as u64);
    walk.finish().map(ListingWriter::finish)
}

fuzz_target!(|data: &[u8]| {
    let Some((first, tar)) = data.split_first() else { return };
    let whole = listed(tar, tar.len().max(1));
    assert_eq!(whole, listed(tar, usize::from(*first).max(1)));
    let Ok(listing) = whole else { return };
    assert_eq!(Listing::from_bytes(listing.as_bytes().to_vec()).as_ref(), Ok(&listing));
    let mut tree = Tree::default();
    if tree.apply(&listing).is_ok() && tree.apply(&listing).is_ok() {
        let (live, waste): (u64, _) = (tree.shares().iter().map(|share| share.live).sum(), tree.waste());
        assert_eq!(live, tree.live_size());
        tree.mark_duplicates();
        assert_eq!((live, waste.deleted), (tree.live_size(), tree.waste().deleted));
    }
});
