//! Sparse files in the four formats that GNU tar writes, with maps that fit and maps that do not.

use super::*;

/// An old GNU sparse header: the file's size, its ranges in the header, and those in further blocks.
fn old_sparse(real: u64, ranges: &[(u64, u64)], stored: u64) -> Layer {
    let place = |(from, length): (u64, u64)| format!("{from:011o}\0{length:011o}\0").into_bytes();
    let (here, there) = ranges.split_at(ranges.len().min(4));
    let head = Head::new(b'S', b"holes", stored).gnu().with(483, format!("{real:011o}\0").as_bytes());
    let here: Vec<u8> = here.iter().copied().flat_map(place).collect();
    let mut layer = Layer::default().raw(&head.with(386, &here).with(482, &[u8::from(!there.is_empty())]).block());
    let blocks = there.chunks(21).count();
    for (number, ranges) in there.chunks(21).enumerate() {
        let mut block = [0; 512];
        for (at, &range) in ranges.iter().enumerate() {
            block[at * 24..][..24].copy_from_slice(&place(range));
        }
        block[504] = u8::from(number + 1 < blocks);
        layer = layer.raw(&block);
    }
    layer.raw(&vec![b'd'; usize::try_from(stored.next_multiple_of(512)).expect("a small file")])
}

#[test]
fn an_old_gnu_sparse_file_has_its_unpacked_size() {
    let many: Vec<(u64, u64)> = (0..60).map(|n| (n * 1000, 10)).collect();
    for (real, ranges) in [(5, vec![]), (50 << 30, vec![(0, 5), (1 << 30, 7)]), (60_000, many), (8, vec![(0, 3), (8, 0)])] {
        let stored = ranges.iter().map(|(_, length)| length).sum();
        let told = entries(&old_sparse(real, &ranges, stored).file("next", b"").end());
        assert_eq!((told[0].size, told[0].sparse, told[0].content.len()), (real, true, 0));
        assert_eq!(told[1].path, b"next");
    }
}

#[test]
fn an_old_gnu_sparse_map_that_does_not_fit_is_refused() {
    refused(old_sparse(10, &[(0, 5)], 6), "in its map");
    refused(old_sparse(10, &[(0, 5), (4, 5)], 10), "overlap");
    refused(old_sparse(10, &[(8, 5)], 5), "up to byte 13");
    refused(old_sparse(7 << 30, &[(7 << 30, 7 << 30)], 5), "up to byte");
}

fn sparse_by_pax(records: &[(&str, &[u8])], stored: &[u8]) -> Layer {
    Layer::default().pax(records).file("GNUSparseFile.1/a", stored)
}

#[test]
fn sparse_files_of_pax_have_their_unpacked_size_and_name() {
    let zero: [(&str, &[u8]); 6] = [
        ("GNU.sparse.size", b"1000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"2"),
        ("GNU.sparse.offset", b"998"),
        ("GNU.sparse.numbytes", b"2"),
    ];
    let one: [(&str, &[u8]); 4] =
        [("GNU.sparse.size", b"1000"), ("GNU.sparse.numblocks", b"2"), ("GNU.sparse.map", b"0,2,998,2"), ("GNU.sparse.name", b"a")];
    let told = only(&sparse_by_pax(&zero, b"abcd").end());
    assert_eq!((told.path.as_slice(), told.size, told.sparse), (&b"GNUSparseFile.1/a"[..], 1000, true));
    let told = only(&sparse_by_pax(&one, b"abcd").end());
    assert_eq!((told.path.as_slice(), told.size, told.sparse), (&b"a"[..], 1000, true));
    let unknown: [(&str, &[u8]); 3] = [("GNU.sparse.major", b"2"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"a")];
    let told = only(&sparse_by_pax(&unknown, b"abcd").end());
    assert_eq!((told.path.as_slice(), told.size, told.sparse), (&b"GNUSparseFile.1/a"[..], 4, false), "as Go reads it");
}

#[test]
fn sparse_maps_of_pax_that_do_not_fit_are_refused() {
    let maps: [(&[u8], &[u8], &str); 6] = [
        (b"0,2", b"2", "ranges that it is said"),
        (b"0,2,998", b"1", "ranges that it is said"),
        (b"0,2,998,3", b"2", "up to byte 1001"),
        (b"0,3,998,2", b"2", "in its map"),
        (b"5,2,3,2", b"2", "overlap"),
        (b"0,2,x,2", b"2", "no number"),
    ];
    for (map, count, why) in maps {
        refused(sparse_by_pax(&[("GNU.sparse.size", b"1000"), ("GNU.sparse.numblocks", count), ("GNU.sparse.map", map)], b"abcd"), why);
    }
    refused(sparse_by_pax(&[("GNU.sparse.numbytes", b"2")], b"abcd"), "out of order");
    refused(sparse_by_pax(&[("GNU.sparse.size", b"9"), ("GNU.sparse.map", b"0,4")], b"abcd"), "does not say how many");
    let folder = Layer::default().pax(&[("GNU.sparse.numblocks", b"0"), ("GNU.sparse.map", b"0,0")]).folder("a");
    assert!(walked(&[&folder.end()]).is_err());
}

/// A file of format 1.0: the map fills whole blocks before the data.
fn sparse_one(real: &[u8], map: &str, data: &[u8]) -> Layer {
    let mut stored = map.as_bytes().to_vec();
    stored.resize(stored.len().next_multiple_of(512), 0);
    stored.extend_from_slice(data);
    let records: [(&str, &[u8]); 4] =
        [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"a"), ("GNU.sparse.realsize", real)];
    sparse_by_pax(&records, &stored)
}

#[test]
fn the_map_among_the_data_of_a_sparse_file_is_held_against_them() {
    let fifty = b"53687091200";
    let told = entries(&sparse_one(fifty, "2\n0\n2\n53687091190\n3\n", b"abcde").file("next", b"n").end());
    assert_eq!((told[0].path.as_slice(), told[0].size, told[0].sparse), (&b"a"[..], 50 << 30, true));
    assert_eq!(told[1].content, b"n");
    let ranges: Vec<String> = (0..200).map(|n| format!("{}\n1\n", n * 10)).collect();
    let long = format!("200\n{}", ranges.concat());
    assert_eq!(entries(&sparse_one(b"5000", &long, &[b'd'; 200]).end())[0].size, 5000);
    assert_eq!(entries(&sparse_one(b"5000", "0\n", b"").end())[0].size, 5000, "nothing but a hole");
    for (map, data, why) in [
        ("1\n0\n2\n", &b"abc"[..], "in its map"),
        ("1\n0\n9999\n", b"abc", "up to byte 9999"),
        ("2\n0\n2\n1\n1\n", b"abc", "overlap"),
        ("x\n", b"", "no number"),
        ("-1\n", b"", "map that is none"),
        ("9\n0\n2\n", b"abc", "middle of its map"),
        ("9223372036854775807\n", b"", "middle of its map"),
        ("", b"", "middle of its map"),
    ] {
        refused(sparse_one(b"5000", map, data), why);
    }
}

#[test]
fn a_map_of_more_than_a_megabyte_is_refused_and_one_of_a_megabyte_is_not() {
    // A block has 21 ranges; the last that Go's reader takes is the 2047th.
    let ranges = |count: u64| (0..count).map(|n| (n, 0)).collect::<Vec<_>>();
    let most = 4 + 21 * 2047;
    assert_eq!(entries(&old_sparse(50_000, &ranges(most), 0).end())[0].size, 50_000);
    refused(old_sparse(50_000, &ranges(most + 1), 0), "more than a megabyte");
    let map = |digits: usize| format!("1\n0\n{}3\n", "0".repeat(digits - 6));
    let megabyte = usize::try_from(MAX_EXTENDED).expect("it is small");
    assert_eq!(entries(&sparse_one(b"5000", &map(megabyte), b"abc").end())[0].size, 5000);
    refused(sparse_one(b"5000", &map(megabyte + 1), b"abc"), "map that is none");
}

#[test]
fn a_range_that_is_two_numbers_is_refused_even_where_no_map_is_looked_at() {
    let records: [(&str, &[u8]); 3] = [("GNU.sparse.major", b"2"), ("GNU.sparse.offset", b"0,1"), ("GNU.sparse.numbytes", b"1")];
    refused(sparse_by_pax(&records, b"abcd"), "out of order");
}

#[test]
fn a_single_range_that_says_nothing_is_no_map_and_takes_the_place_of_one() {
    let records: [(&str, &[u8]); 3] = [("GNU.sparse.map", b"0,4"), ("GNU.sparse.numblocks", b"1"), ("GNU.sparse.offset", b"")];
    assert!(!only(&sparse_by_pax(&records, b"abcd").end()).sparse, "as Go reads it");
    refused(sparse_by_pax(&[("GNU.sparse.offset", b""), ("GNU.sparse.numbytes", b"")], b"abcd"), "no number");
}
