//! The maps of sparse files: which ranges of the file the stream holds (GNU tar manual, "Storing Sparse Files").

use super::{BLOCK, MAX_EXTENDED, header, pax};

/// Ranges, of which only what they add up to is kept.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// The offset of a range whose length is still to come.
    from: Option<u64>,
    count: u64,
    /// End of the last range; they come in order.
    end: u64,
    /// Bytes of all ranges together.
    data: u64,
}

/// The map of the old GNU format: in the header block, and in blocks after it.
#[derive(Debug, Default)]
pub(super) struct OldMap {
    real: u64,
    ranges: Ranges,
    /// Extension blocks so far.
    blocks: u64,
}

/// The map of format 1.0: decimal numbers, one a line, in whole blocks before the data. How many ranges, then offset and length
/// of each.
#[derive(Debug)]
pub(super) struct DataMap {
    stored: u64,
    real: u64,
    ranges: Ranges,
    /// Numbers that are still to come, once it is known how many.
    left: Option<u64>,
    /// The number that is coming.
    digits: Vec<u8>,
    /// Bytes of the map so far.
    read: u64,
}

/// A range in the old GNU format: offset and length, twelve bytes each.
const RANGE: usize = 24;

impl Ranges {
    /// Takes the next number: in turns an offset and a length.
    pub(super) fn push(&mut self, number: i64) -> Result<(), String> {
        const WRONG: &str = "a sparse file has ranges that overlap or lie outside of it";
        let number = u64::try_from(number).map_err(|_| WRONG)?;
        let Some(from) = self.from.take() else {
            self.from = Some(number);
            return Ok(());
        };
        let end = from.checked_add(number).filter(|&end| from >= self.end && i64::try_from(end).is_ok());
        self.end = end.ok_or(WRONG)?;
        // No more than the end, as ranges do not overlap.
        self.data += number;
        self.count += 1;
        Ok(())
    }

    /// Whether these are `count` ranges.
    pub(super) const fn is_whole(&self, count: u64) -> bool {
        self.from.is_none() && self.count == count
    }

    /// Whether the ranges fit a file of `real` bytes, of which `stored` are in the stream.
    pub(super) fn check(&self, stored: u64, real: u64) -> Result<(), String> {
        if self.end > real {
            return Err(format!("a sparse file of {real} B has ranges up to byte {}", self.end));
        }
        let same = self.data == stored;
        if same { Ok(()) } else { Err(format!("a sparse file has {stored} B in the stream and {} in its map", self.data)) }
    }
}

impl OldMap {
    /// Reads the map in the header block; whether more blocks follow.
    pub(super) fn begin(block: &[u8; BLOCK]) -> Result<(Self, bool), String> {
        let real = u64::try_from(header::number(&block[483..495])?).map_err(|_| "a sparse file has less than no bytes")?;
        let mut map = Self { real, ranges: Ranges::default(), blocks: 0 };
        map.ranges(&block[386..482])?;
        Ok((map, block[482] != 0))
    }

    /// Reads an extension block; whether more follow.
    pub(super) fn extend(&mut self, block: &[u8; BLOCK]) -> Result<bool, String> {
        self.blocks += 1;
        if self.blocks >= MAX_EXTENDED / BLOCK as u64 {
            return Err("a sparse file has a map of more than a megabyte".to_owned());
        }
        self.ranges(&block[..504])?;
        Ok(block[504] != 0)
    }

    fn ranges(&mut self, bytes: &[u8]) -> Result<(), String> {
        // An unused place is empty.
        for range in bytes.chunks_exact(RANGE).take_while(|range| range[0] != 0) {
            self.ranges.push(header::number(&range[..12])?)?;
            self.ranges.push(header::number(&range[12..])?)?;
        }
        Ok(())
    }

    /// Whether the stream holds as many bytes as the ranges have.
    pub(super) fn check(&self, stored: u64) -> Result<(), String> {
        self.ranges.check(stored, self.real)
    }

    pub(super) const fn real_size(&self) -> u64 {
        self.real
    }
}

impl DataMap {
    /// The map at the beginning of `stored` bytes, of a file that has `real` ones.
    pub(super) fn new(stored: u64, real: u64) -> Self {
        Self { stored, real, ranges: Ranges::default(), left: None, digits: Vec::new(), read: 0 }
    }

    /// Reads what of `bytes` belongs to the map.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        for &byte in bytes {
            if self.left == Some(0) {
                break;
            }
            self.read += 1;
            match byte {
                _ if self.read > MAX_EXTENDED => return Err("a sparse file begins with a map that is none".to_owned()),
                b'\n' => self.number()?,
                _ => self.digits.push(byte),
            }
        }
        Ok(())
    }

    /// Takes a complete number.
    fn number(&mut self) -> Result<(), String> {
        let number = pax::number(&self.digits)?;
        self.digits.clear();
        if let Some(left) = &mut self.left {
            *left -= 1;
            return self.ranges.push(number);
        }
        let numbers = u64::try_from(number).ok().and_then(|ranges| ranges.checked_mul(2));
        self.left = Some(numbers.ok_or("a sparse file begins with a map that is none")?);
        Ok(())
    }

    /// Whether the map was complete and fits what followed it.
    pub(super) fn finish(&self) -> Result<(), String> {
        let data = self.stored.checked_sub(self.read.next_multiple_of(BLOCK as u64)).filter(|_| self.left == Some(0));
        self.ranges.check(data.ok_or("a sparse file ends in the middle of its map")?, self.real)
    }
}
