//! The store as a whole: what the writer promises, what opening a file may and may not do, a disk
//! that fails or fills up, a crowd, and the ledger against a model of it.

mod accounts;
mod backup;
mod books;
mod crowd;
mod disk;
mod hot;
mod model;
mod opening;
mod unreadable;
mod upgrading;
mod writing;

use super::scenario::{clock, fill};
use super::{Engine, Store};
use std::path::Path;

/// A busy shop's file in a directory, written by hand-driven commits and closed again.
fn busy_file(dir: &Path) -> Vec<String> {
    let (store, mut engine) = Store::open(dir, clock()).expect("a new store");
    drive(&mut engine, store.write("fill", fill)).expect("the scenario is allowed");
    super::scenario::dump(&store)
}

/// Runs one act to its answer, without a thread.
fn drive<R>(engine: &mut Engine, answer: impl Future<Output = R>) -> R {
    let mut answer = std::pin::pin!(answer);
    assert!(poll(answer.as_mut()).is_none(), "answered before the commit");
    let batch = engine.take().expect("the act waits");
    engine.commit(batch).send();
    poll(answer).expect("answered")
}

/// Runs acts to their answer, without a thread.
fn run<R>(engine: &mut Engine, answer: impl Future<Output = R>) -> R {
    let mut answer = std::pin::pin!(answer);
    loop {
        if let Some(answer) = poll(answer.as_mut()) {
            return answer;
        }
        let batch = engine.take().expect("an act waits");
        engine.commit(batch).send();
    }
}

/// Asks a future once whether it is ready.
fn poll<R>(future: std::pin::Pin<&mut impl Future<Output = R>>) -> Option<R> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(ready) => Some(ready),
        std::task::Poll::Pending => None,
    }
}
