//! Layers written entry by entry, sound and unsound ones: headers are filled by hand, so that nothing corrects them.
//!
//! The one builder of layers: `stored` compresses them, `golden` makes images of them, `overlay` says what they come to. Unit
//! tests and a fuzz target share this file.

/// Size of a block of a tar.
pub(crate) const BLOCK: usize = 512;

/// A tar as it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    bytes: Vec<u8>,
    /// Whether headers are GNU's rather than ustar.
    gnu: bool,
}

/// A header block whose fields are all set, apart from the checksum.
#[derive(Clone, Debug)]
pub(crate) struct Head(pub(crate) [u8; BLOCK]);

/// A layer with one small file.
pub(crate) fn layer(content: &[u8]) -> Vec<u8> {
    Layer::default().file("content", content).end()
}

impl Head {
    /// A ustar header of a file, a folder or whatever `flag` means.
    pub(crate) fn new(flag: u8, path: &[u8], size: u64) -> Self {
        let mut head = Self([0; BLOCK]);
        head.put(0, &path[..path.len().min(100)]);
        head.put(100, b"0000644\x000000000\x000000000\0");
        head.put(124, format!("{size:011o}\0").as_bytes());
        head.put(136, b"00000000000\0");
        head.0[156] = flag;
        head.put(257, b"ustar\x0000");
        head
    }

    /// The same header as GNU tar would write it.
    pub(crate) fn gnu(mut self) -> Self {
        self.put(257, b"ustar  \0");
        self
    }

    /// Sets the bytes from `at` on.
    pub(crate) fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.put(at, bytes);
        self
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The block with its checksum.
    pub(crate) fn block(mut self) -> [u8; BLOCK] {
        self.put(148, b"        ");
        let sum: u32 = self.0.iter().map(|&byte| u32::from(byte)).sum();
        self.put(148, format!("{sum:07o}\0").as_bytes());
        self.0
    }
}

impl Layer {
    /// A layer in GNU's format.
    pub(crate) fn gnu() -> Self {
        Self { gnu: true, ..Self::default() }
    }

    /// Adds bytes as they are.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Adds a header of the layer's format and its content.
    fn add(self, flag: u8, path: &[u8], mode: u32, link: &[u8], content: &[u8]) -> Self {
        let head = Head::new(flag, path, content.len() as u64).with(100, format!("{mode:07o}\0").as_bytes()).with(157, link);
        let head = if self.gnu { head.gnu() } else { head };
        self.entry(head, content)
    }

    /// Adds a header and its content, padded to whole blocks.
    pub(crate) fn entry(self, head: Head, content: &[u8]) -> Self {
        let padding = vec![0; content.len().wrapping_neg() % BLOCK];
        self.raw(&head.block()).raw(content).raw(&padding)
    }

    /// A file of any bytes in its name, mode 0644.
    pub(crate) fn file(self, path: impl AsRef<[u8]>, content: &[u8]) -> Self {
        self.mode(path, content, 0o644)
    }

    pub(crate) fn mode(self, path: impl AsRef<[u8]>, content: &[u8], mode: u32) -> Self {
        self.add(b'0', path.as_ref(), mode, b"", content)
    }

    pub(crate) fn folder(self, path: &str) -> Self {
        self.add(b'5', path.as_bytes(), 0o755, b"", b"")
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.add(b'2', path.as_bytes(), 0o777, target.as_bytes(), b"")
    }

    pub(crate) fn hard_link(self, path: &str, target: &str) -> Self {
        self.add(b'1', path.as_bytes(), 0o644, target.as_bytes(), b"")
    }

    /// A character device.
    pub(crate) fn device(self, path: &str) -> Self {
        self.add(b'3', path.as_bytes(), 0o644, b"", b"")
    }

    /// Takes away what lower layers have at `path`.
    pub(crate) fn whiteout(self, path: &str) -> Self {
        let marked = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(marked, b"")
    }

    /// Takes away what lower layers have in the folder `path`.
    pub(crate) fn opaque(self, path: &str) -> Self {
        self.file(format!("{path}/.wh..wh..opq"), b"")
    }

    /// A pax header for the entry that follows.
    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let text: Vec<u8> = records.iter().flat_map(|(keyword, value)| record(keyword, value)).collect();
        self.entry(Head::new(b'x', b"PaxHeaders/x", text.len() as u64), &text)
    }

    /// A GNU long name (`L`) or long link (`K`) for the entry that follows.
    pub(crate) fn gnu_long(self, flag: u8, name: &[u8]) -> Self {
        let text = [name, b"\0"].concat();
        self.entry(Head::new(flag, b"././@LongLink", text.len() as u64).gnu(), &text)
    }

    /// The tar as far as it is written, without an end mark.
    pub(crate) fn unended(self) -> Vec<u8> {
        self.bytes
    }

    /// The complete tar.
    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(&[0; 2 * BLOCK]).bytes
    }
}

/// A pax record, which begins with its own length.
pub(crate) fn record(keyword: &str, value: &[u8]) -> Vec<u8> {
    let rest = keyword.len() + value.len() + 3;
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [format!("{length} {keyword}=").as_bytes(), value, b"\n"].concat()
}
