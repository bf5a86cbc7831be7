//! The door to whoever makes the pictures: give a task, look at it, copy its files. Nobody above
//! knows whether that is KIE.AI or another; a new provider is a file beside `kie`.
//!
//! **Invariant:** [`Provider::create`] sends at most one request and never repeats it. What it
//! answers says whether that request may have arrived, and so whether it may be sent again.

pub mod answer;
pub mod callback;
pub mod fetch;
pub mod inspect;
pub mod kie;
mod limit;
pub mod link;
#[cfg(test)]
mod testing;
pub mod upload;
pub(crate) mod wire;

pub use fetch::FetchError;
pub use inspect::{Facts, InspectError, inspect};
pub use kie::{Kie, Options, Timeouts};
pub use link::{LinkError, Links};
pub use upload::UploadError;

use crate::job::{File, TaskId, Why};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One generation, as it is ordered.
#[derive(Clone, PartialEq)]
pub struct Task<'a> {
    /// The provider's name of the model.
    pub model: &'a str,
    /// The model's inputs, under the provider's names.
    pub input: Map<String, Value>,
    /// Where the provider says that it is done; carries a secret.
    pub callback_url: Option<String>,
}

/// Without the callback's secret and without the customer's words.
impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("model", &self.model)
            .field("inputs", &self.input.keys().collect::<Vec<_>>())
            .field("callback", &self.callback_url.is_some())
            .finish()
    }
}

/// What became of an order. The reasons are for logs; they hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The provider took it.
    Accepted(TaskId),
    /// The provider took nothing and may later.
    Busy {
        /// How long it asked us to wait, or our guess: 1 s to 5 min.
        pause: Duration,
        /// It is in maintenance, which the operator should know.
        maintenance: bool,
    },
    /// The provider said no, and took nothing.
    Refused(Why),
    /// The request never left this machine: it may be sent again.
    NotSent(String),
    /// It may have arrived. It must never be sent again.
    InDoubt(String),
}

/// What a look at a task found. The reasons are for logs; they hold no secret.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// It is being worked on, or in a state we do not know.
    Running(Echo),
    /// It is done.
    Success {
        /// Where its files are: 1 to 10, https, or at the provider's configured address.
        urls: Vec<String>,
        /// What it cost, in the provider's credits, if said.
        credits: Option<Decimal>,
        /// What it was asked to do.
        echo: Echo,
    },
    /// It failed.
    Failed {
        /// What the provider said, at most 300 characters.
        message: String,
        /// What it was asked to do.
        echo: Echo,
    },
    /// The provider does not know it. A task just made may be unknown for a moment.
    NotFound,
    /// No answer, or none that can be used.
    Unreachable(String),
    /// The provider does not take our key: nobody can look until the operator mends it.
    KeyRefused,
}

impl Look {
    /// What the task was asked to do, if the provider showed the task.
    pub fn echo(&self) -> Option<&Echo> {
        match self {
            Self::Running(echo) | Self::Success { echo, .. } | Self::Failed { echo, .. } => Some(echo),
            Self::NotFound | Self::Unreachable(_) | Self::KeyRefused => None,
        }
    }
}

/// What a task was asked to do, as the provider repeats it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Echo {
    /// The model, if said.
    pub model: Option<String>,
    /// The inputs, if said.
    pub input: Option<Map<String, Value>>,
}

impl Echo {
    /// True when it is proven that the task is the order of `model` with `input`: see
    /// [`answer::is_same_order`]. What the provider does not say proves nothing.
    pub fn is_order(&self, model: &str, input: &Map<String, Value>) -> bool {
        match (&self.model, &self.input) {
            (Some(said), Some(seen)) => answer::is_same_order(said, seen, model, input),
            (None, _) | (_, None) => false,
        }
    }
}

/// Whoever makes the pictures.
pub trait Provider: Send + Sync + 'static {
    /// Takes one turn under the provider's limit of orders, if there is one now. True: the next
    /// [`Provider::create`] may be called. Nothing is sent.
    fn turn(&self) -> bool;

    /// Orders one generation, with at most one request.
    fn create<'a>(&'a self, task: Task<'a>) -> Pending<'a, Created>;

    /// Looks at a task.
    fn look<'a>(&'a self, task: &'a str) -> Pending<'a, Look>;

    /// What is left on our account, in the provider's credits; or why that cannot be said.
    fn credit(&self) -> Pending<'_, Result<Decimal, String>>;

    /// Copies the file at `url` into the folder `into` (made if it is missing) as `name` and the
    /// ending its first bytes call for, complete and synced. After an error nothing is left there.
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        into: &'a Path,
        name: &'a str,
        max_bytes: u64,
    ) -> Pending<'a, Result<File, FetchError>>;

    /// Puts `file` into the provider's store under `name`, which must be unique; gives its address.
    fn upload<'a>(&'a self, file: &'a Path, name: &'a str) -> Pending<'a, Result<String, UploadError>>;

    /// Fetches a customer's link into the new file `to`; gives its size. After an error nothing is
    /// left there.
    fn fetch_link<'a>(
        &'a self,
        link: &'a str,
        to: &'a Path,
        max_bytes: u64,
    ) -> Pending<'a, Result<u64, LinkError>>;

    /// The names of the models the provider has now; `None` when it does not say.
    fn models(&self) -> Pending<'_, Result<Option<BTreeSet<String>>, String>>;
}
