//! Panics that are caught. redb trusts the pages of its file and panics on damaged ones: that is no mistake of
//! ours, and its text on stderr would hide the sentence that says so.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// So many catches are around what runs on this thread.
    static AROUND: Cell<u32> = const { Cell::new(0) };
    /// Where redb's own panic on this thread was, if the last one was that.
    static OF_REDB: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Caught {
    /// What it said.
    pub words: String,
    /// It was redb's own, so a page of the file is damaged. Known only after [`watch`].
    pub of_redb: bool,
}

/// From here on it is known whose panics are, and those of redb that are caught write nothing on stderr. All
/// others do as before.
pub fn watch() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().and_then(|place| Some((in_redb(place.file())?, place.line())));
        let is_expected = place.is_some() && AROUND.get() > 0;
        OF_REDB.set(place.map(|(file, line)| format!("{file}:{line}")));
        if !is_expected {
            usual(panic);
        }
    }));
}

/// Runs what may panic.
pub fn caught<R>(act: impl FnOnce() -> R) -> Result<R, Caught> {
    AROUND.set(AROUND.get() + 1);
    OF_REDB.set(None);
    let ended = panic::catch_unwind(AssertUnwindSafe(act));
    AROUND.set(AROUND.get() - 1);
    ended.map_err(|panic| {
        let words = words(panic.as_ref());
        match OF_REDB.take() {
            Some(place) => Caught { words: format!("{words}, {place}"), of_redb: true },
            None => Caught { words: words.to_owned(), of_redb: false },
        }
    })
}

/// A source file of redb, from its own folder on, without the path of the machine that built this.
fn in_redb(file: &str) -> Option<&str> {
    let at = file.find("/redb-").or_else(|| file.find("/redb/src/"))?;
    Some(&file[at + 1..])
}

/// What a panic said.
pub fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}
