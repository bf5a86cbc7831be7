//! The bytes of a file in chunks that copies share until one of them changes.

use std::ops::Range;
use std::sync::Arc;

/// A page of redb's: the first change after a copy copies no more than what changes.
const CHUNK: usize = 4 * 1024;

/// A file's bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    /// `None` where nothing was written: zeros.
    chunks: Vec<Option<Arc<[u8]>>>,
    len: usize,
}

impl Image {
    pub(super) fn len(&self) -> u64 {
        super::bytes(self.len)
    }

    pub(super) fn contents(&self) -> Vec<u8> {
        let mut all = vec![0; self.len];
        let whole = self.read(0, &mut all);
        debug_assert!(whole, "so much is there");
        all
    }

    /// Makes it longer, with zeros, or shorter.
    pub(super) fn set_len(&mut self, len: u64) {
        let len = index(len);
        self.chunks.resize(len.div_ceil(CHUNK), None);
        if len < self.len
            && let Some(Some(last)) = self.chunks.get_mut(len / CHUNK)
        {
            // What is cut off must not come back when the file grows again.
            Arc::make_mut(last)[len % CHUNK..].fill(0);
        }
        self.len = len;
    }

    /// False, and nothing is read, when so much is not there.
    pub(super) fn read(&self, offset: u64, out: &mut [u8]) -> bool {
        let start = index(offset);
        if start.checked_add(out.len()).is_none_or(|end| end > self.len) {
            return false;
        }
        for part in parts(start, out.len()) {
            let into = &mut out[part.of_data];
            match &self.chunks[part.chunk] {
                Some(chunk) => into.copy_from_slice(&chunk[part.of_chunk]),
                None => into.fill(0),
            }
        }
        true
    }

    /// Writes what fits before the end of the file, and says how much that was.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> usize {
        let start = index(offset);
        let fits = data.len().min(self.len.saturating_sub(start));
        for part in parts(start, fits) {
            let chunk = self.chunks[part.chunk].get_or_insert_with(|| vec![0; CHUNK].into());
            Arc::make_mut(chunk)[part.of_chunk].copy_from_slice(&data[part.of_data]);
        }
        fits
    }

    /// True when every place of these bytes has room of its own on the disk already.
    pub(super) fn was_written(&self, offset: u64, len: usize) -> bool {
        parts(index(offset), len).all(|part| matches!(self.chunks.get(part.chunk), Some(Some(_))))
    }
}

/// What one chunk has of a run of bytes.
struct Part {
    chunk: usize,
    of_chunk: Range<usize>,
    of_data: Range<usize>,
}

fn parts(start: usize, len: usize) -> impl Iterator<Item = Part> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let (chunk, from) = ((start + done) / CHUNK, (start + done) % CHUNK);
        let many = (len - done).min(CHUNK - from);
        let part = Part { chunk, of_chunk: from..from + many, of_data: done..done + many };
        done += many;
        Some(part)
    })
}

fn index(place: u64) -> usize {
    usize::try_from(place).expect("the file fits into memory")
}
