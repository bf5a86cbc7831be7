//! Panics that are caught. redb trusts the pages of its file and panics on damaged ones: that is no mistake of
//! ours, and its text on stderr would hide the sentence that says so.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// So many catches are around what runs on this thread.
    static AROUND: Cell<u32> = const { Cell::new(0) };
    /// Whether the last panic on this thread was redb's own.
    static OF_REDB: Cell<bool> = const { Cell::new(false) };
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
        let of_redb = panic.location().is_some_and(|place| place.file().contains("/redb-"));
        OF_REDB.set(of_redb);
        if !(of_redb && AROUND.get() > 0) {
            usual(panic);
        }
    }));
}

/// Runs what may panic.
pub fn caught<R>(act: impl FnOnce() -> R) -> Result<R, Caught> {
    AROUND.set(AROUND.get() + 1);
    OF_REDB.set(false);
    let ended = panic::catch_unwind(AssertUnwindSafe(act));
    AROUND.set(AROUND.get() - 1);
    ended.map_err(|panic| Caught { words: words(panic.as_ref()).to_owned(), of_redb: OF_REDB.get() })
}

/// What a panic said.
pub fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}
