//! What an archive holds, by name, with links followed.

use std::collections::HashMap;

use super::outer::{Kind, Member};
use crate::image::ImageError;

/// More members than any engine writes: ten for each of a thousand layers.
const MOST: usize = 10_000;

/// The most that all names together may have, bytes.
const MOST_TEXT: usize = 8 << 20;

/// More links in a row than any archive has.
const MOST_STEPS: usize = 8;

/// The members of an archive. Of two with the same name the last one counts, as it does for whoever unpacks it.
#[derive(Clone, Debug)]
pub(in crate::image) struct Members<T> {
    by_name: HashMap<String, Found<T>>,
    seen: usize,
    text: usize,
}

#[derive(Clone, Debug)]
enum Found<T> {
    File(T),
    Link(String),
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { by_name: HashMap::new(), seen: 0, text: 0 }
    }
}

impl<T> Members<T> {
    /// Takes a member; `file` makes what is kept of a file of so many bytes.
    pub(in crate::image) fn take<E: From<ImageError>>(&mut self, member: Member, file: impl FnOnce(u64) -> Result<T, E>) -> Result<(), E> {
        let name = resolve("", &member.name);
        self.count(name.len())?;
        let found = match member.kind {
            Kind::File(size) => Found::File(file(size)?),
            Kind::Link { target, symbolic } => {
                // A symbolic link is seen from its folder, a hard link from the top.
                let folder = if symbolic { name.rsplit_once('/').map_or("", |(folder, _)| folder) } else { "" };
                let target = resolve(folder, &target);
                self.count(target.len())?;
                Found::Link(target)
            }
            Kind::Other => return Ok(()),
        };
        self.by_name.insert(name, found);
        Ok(())
    }

    fn count(&mut self, text: usize) -> Result<(), ImageError> {
        self.seen += 1;
        self.text += text;
        if self.seen > MOST || self.text > MOST_TEXT {
            return Err(ImageError::Invalid { what: "archive", why: "has more entries than any image".to_owned() });
        }
        Ok(())
    }

    /// The file that is called `name`, or that the link of that name leads to. Names are compared as they are written.
    pub(in crate::image) fn get(&self, name: &str) -> Option<&T> {
        let mut name = name;
        for _ in 0..MOST_STEPS {
            match self.by_name.get(name)? {
                Found::File(file) => return Some(file),
                Found::Link(target) => name = target,
            }
        }
        None
    }
}

/// The name of an archive's member as seen from `folder`, without `.` and `..`: a symbolic link is seen from its own folder.
pub(crate) fn resolve(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
