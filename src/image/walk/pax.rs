//! The records of a pax extended header (POSIX.1-2017, "pax Extended Header"): `length keyword=value\n`.

use std::ops::Range;

use super::sparse::{DataMap, Ranges};

/// What one extended header says, as far as it is of use here.
#[derive(Debug, Default)]
pub(super) struct Records {
    text: Vec<u8>,
    /// Where in the text the last value of each keyword lies.
    values: [Option<Range<usize>>; KEYWORDS.len()],
    /// Whether ranges of a sparse file are told one by one.
    ranged: bool,
}

/// Keywords that are looked at, in the order of their constants. Owners' names and extended attributes have no weight.
const KEYWORDS: [&[u8]; 15] = [
    b"path",
    b"linkpath",
    b"size",
    b"uid",
    b"gid",
    b"mtime",
    b"atime",
    b"ctime",
    b"GNU.sparse.major",
    b"GNU.sparse.minor",
    b"GNU.sparse.name",
    b"GNU.sparse.realsize",
    b"GNU.sparse.size",
    b"GNU.sparse.map",
    b"GNU.sparse.numblocks",
];
const PATH: usize = 0;
const LINK: usize = 1;
const SIZE: usize = 2;
const UID: usize = 3;
const GID: usize = 4;
const TIMES: Range<usize> = 5..8;
const MAJOR: usize = 8;
const MINOR: usize = 9;
const SPARSE_NAME: usize = 10;
const REAL_SIZE: usize = 11;
const SPARSE_SIZE: usize = 12;
const MAP: usize = 13;
const BLOCKS: usize = 14;

/// A range of a sparse file in format 0.0: one record for its offset, one for its length, again and again.
const OFFSET: &[u8] = b"GNU.sparse.offset";
const LENGTH: &[u8] = b"GNU.sparse.numbytes";

impl Records {
    /// Takes the text of an extended header in place of the one before, and gives that one's room for it.
    pub(super) fn parse(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        self.clear();
        std::mem::swap(&mut self.text, text);
        let (mut at, mut numbers, mut says) = (0, 0_u64, false);
        while at < self.text.len() {
            let record = record(&self.text[at..]).ok_or("an extended header has a record that is none")?;
            let value = at + record.value..at + record.end - 1;
            let (keyword, said) = (&self.text[at + record.keyword..value.start - 1], &self.text[value.clone()]);
            check(keyword, said, &mut numbers)?;
            says |= [OFFSET, LENGTH].contains(&keyword) && !said.is_empty();
            if let Some(known) = KEYWORDS.iter().position(|known| *known == keyword) {
                self.values[known] = Some(value);
            }
            at += record.end;
        }
        // Go's reader makes a map of them, and takes one that is empty for none.
        self.ranged = says || numbers > 1;
        if !self.ranged && numbers > 0 {
            self.values[MAP] = None;
        }
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.values.fill(None);
        self.ranged = false;
    }

    /// The last value of a keyword; an empty one says nothing.
    fn get(&self, keyword: usize) -> Option<&[u8]> {
        self.values[keyword].clone().map(|value| &self.text[value]).filter(|value| !value.is_empty())
    }

    pub(super) fn path(&self) -> Option<&[u8]> {
        self.get(PATH)
    }

    pub(super) fn link(&self) -> Option<&[u8]> {
        self.get(LINK)
    }

    /// The bytes of content in the stream, where the header block has no room for the number. Of what has no content it is not
    /// looked at whether there can be as many.
    pub(super) fn size(&self) -> Result<Option<i64>, String> {
        self.get(SIZE).map(number).transpose()
    }

    pub(super) fn uid(&self) -> Result<Option<u64>, String> {
        Ok(self.get(UID).map(number).transpose()?.map(i64::cast_unsigned))
    }

    pub(super) fn gid(&self) -> Result<Option<u64>, String> {
        Ok(self.get(GID).map(number).transpose()?.map(i64::cast_unsigned))
    }

    /// Whether the times are some: nothing else is done with them.
    pub(super) fn check_times(&self) -> Result<(), String> {
        TIMES.filter_map(|keyword| self.get(keyword)).try_for_each(time)
    }

    /// The name of a sparse file.
    pub(super) fn sparse_name(&self) -> Option<&[u8]> {
        self.get(SPARSE_NAME)
    }

    /// The bytes of a sparse file once unpacked, of which `stored` are in the stream, and the map where it lies among those;
    /// `None` for a file that is not sparse.
    pub(super) fn sparse(&self, stored: u64) -> Result<Option<(u64, Option<DataMap>)>, String> {
        let in_data = match (self.get(MAJOR), self.get(MINOR)) {
            (Some(b"0"), Some(b"0" | b"1")) => false,
            (Some(b"1"), Some(b"0")) => true,
            (None, None) if self.ranged || self.get(MAP).is_some() => false,
            _ => return Ok(None),
        };
        let size = self.get(SPARSE_SIZE).or_else(|| self.get(REAL_SIZE)).map_or(Ok(stored), count)?;
        if in_data {
            return Ok(Some((size, Some(DataMap::new(stored, size)))));
        }
        self.ranges()?.check(stored, size)?;
        Ok(Some((size, None)))
    }

    /// The ranges of formats 0.0 and 0.1, of which there must be as many as are said to be.
    fn ranges(&self) -> Result<Ranges, String> {
        let mut ranges = Ranges::default();
        if self.ranged {
            let mut rest = self.text.as_slice();
            while let Some(record) = record(rest) {
                if [OFFSET, LENGTH].contains(&&rest[record.keyword..record.value - 1]) {
                    ranges.push(number(&rest[record.value..record.end - 1])?)?;
                }
                rest = &rest[record.end..];
            }
        } else if let Some(map) = self.get(MAP) {
            map.split(|&byte| byte == b',').try_for_each(|value| ranges.push(number(value)?))?;
        }
        let said = self.get(BLOCKS).map_or(Err("a sparse file does not say how many ranges it has".to_owned()), count)?;
        if ranges.is_whole(said) { Ok(ranges) } else { Err(format!("a sparse file has not the {said} ranges that it is said to have")) }
    }
}

/// Where in a text the first record has its parts; it begins at 0.
struct Record {
    keyword: usize,
    value: usize,
    end: usize,
}

fn record(text: &[u8]) -> Option<Record> {
    let blank = text.iter().position(|&byte| byte == b' ')?;
    let end = usize::try_from(count(&text[..blank]).ok()?).ok()?;
    let keyword = blank + 1;
    if end <= keyword || end > text.len() || text[end - 1] != b'\n' {
        return None;
    }
    let equals = text[keyword..end - 1].iter().position(|&byte| byte == b'=')?;
    Some(Record { keyword, value: keyword + equals + 1, end })
}

/// Refuses a record that Go's reader refuses. `numbers` counts those of a sparse file's ranges, which take turns.
fn check(keyword: &[u8], value: &[u8], numbers: &mut u64) -> Result<(), String> {
    let texts: [&[u8]; 4] = [b"path", b"linkpath", b"uname", b"gname"];
    let cut = if texts.contains(&keyword) { value.contains(&0) } else { keyword.contains(&0) };
    if keyword.is_empty() || cut {
        return Err("an extended header has a record that is none".to_owned());
    }
    if [OFFSET, LENGTH].contains(&keyword) {
        let turn = if numbers.is_multiple_of(2) { OFFSET } else { LENGTH };
        if keyword != turn || value.contains(&b',') {
            return Err("the ranges of a sparse file are out of order".to_owned());
        }
        *numbers += 1;
    }
    Ok(())
}

/// A decimal number, as Go's `ParseInt` reads it.
pub(super) fn number(text: &[u8]) -> Result<i64, String> {
    let is_number = text.last().is_some_and(u8::is_ascii_digit);
    let value = std::str::from_utf8(text).ok().filter(|_| is_number).and_then(|text| text.parse().ok());
    value.ok_or_else(|| format!("'{}' is no number", text[..text.len().min(100)].escape_ascii()))
}

fn count(text: &[u8]) -> Result<u64, String> {
    let value = number(text)?;
    u64::try_from(value).map_err(|_| format!("{value} is no number of bytes"))
}

/// Seconds, and parts of one after a point.
fn time(text: &[u8]) -> Result<(), String> {
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    number(&text[..point])?;
    let parts = text.get(point + 1..).unwrap_or_default();
    if parts.iter().all(u8::is_ascii_digit) { Ok(()) } else { Err("a time is none".to_owned()) }
}
