//! Reads the price list and the model files as people wrote them, and says what is wrong and where.
//!
//! Only `build.rs` uses it, and this library's tests: nothing is parsed when the service starts. So
//! it knows nothing of the crate but the closed lists beside it.

mod bill;
mod charge;
mod conflict;
mod document;
mod generate;
mod input;
mod model;
mod prices;

#[cfg(test)]
mod charge_tests;
#[cfg(test)]
mod tests;

pub(crate) use generate::generate;
pub(crate) use model::Model;

use input::Kind;
use prices::Price;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many models there are. A change of this number is a decision, not an accident.
pub(crate) const MODELS: usize = 42;

/// How many of the cheapest are free.
pub(crate) const FREE: usize = 5;

/// A file with more bytes than this is a mistake.
const MAX_BYTES: usize = 64 * 1024;

/// A file as it lies on the disk.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Its path from the package's root, with slashes: `models/z-image.toml`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Error {
    /// The path of the file.
    pub(crate) file: String,
    /// The line, counted from 1.
    pub(crate) line: u32,
    /// What is wrong, for a person.
    pub(crate) message: String,
}

/// `models/z-image.toml:3: unknown category "pictures"`, as editors understand it.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Makes the whole catalogue, in the order of the price list, with the free tier derived.
/// Gives every error found, sorted by file and line.
pub(crate) fn compile(prices: &File, files: &[File]) -> Result<Vec<Model>, Vec<Error>> {
    let large = |file: &&File| file.text.len() > MAX_BYTES;
    let mut errors: Vec<Error> = [prices].into_iter().chain(files).filter(large).map(too_large).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let list = prices::read(prices, &mut errors);
    let mut models = BTreeMap::new();
    for file in files {
        let Some(id) = file.path.strip_prefix("models/").and_then(|path| path.strip_suffix(".toml")) else {
            errors.push(error(&file.path, 1, "only .toml files stand beside the price list"));
            continue;
        };
        if !list.iter().any(|price| price.id == id) {
            errors.push(error(&file.path, 1, format!("{} has no line for {id}", prices.path)));
        }
        models.insert(id, model::read(file, id, &mut errors));
    }
    let mut catalogue = Vec::new();
    for price in &list {
        match models.remove(price.id.as_str()) {
            Some(model) => catalogue.extend(model.map(|model| model.priced(price.usd))),
            None => errors.push(error(
                &prices.path,
                price.line,
                format!("{} has no file models/{}.toml", price.id, price.id),
            )),
        }
    }
    if list.len() != MODELS && errors.is_empty() {
        let line = list.last().map_or(1, |price| price.line);
        errors.push(error(
            &prices.path,
            line,
            format!("there are {} models, there must be exactly {MODELS}", list.len()),
        ));
    }
    across(&catalogue, &mut errors);
    if !errors.is_empty() {
        errors.sort();
        return Err(errors);
    }
    mark_free(&mut catalogue, &list);
    Ok(catalogue)
}

/// The cheapest are free; of equal prices the earlier line counts as cheaper.
fn mark_free(catalogue: &mut [Model], list: &[Price]) {
    let mut by_price: Vec<&Price> = list.iter().collect();
    by_price.sort_by_key(|price| price.usd);
    let free: BTreeSet<&str> = by_price.iter().take(FREE).map(|price| price.id.as_str()).collect();
    for model in catalogue {
        model.free = free.contains(model.id.as_str());
    }
}

/// What can only be seen over all models.
fn across(catalogue: &[Model], errors: &mut Vec<Error>) {
    let mut names = BTreeMap::new();
    for model in catalogue {
        let file = format!("models/{}.toml", model.id);
        if let Some(other) = names.insert(model.kie_id.as_str(), model.id.as_str()) {
            let message = format!("api_model {:?} is also that of {other}", model.kie_id);
            errors.push(error(&file, model.kie_id_line, message));
        }
        for input in &model.inputs {
            let Kind::Task { from } = &input.kind else { continue };
            for id in from.iter().filter(|id| !catalogue.iter().any(|other| other.id == **id)) {
                errors.push(error(
                    &file,
                    input.line,
                    format!("{}: `from` names an unknown model {id:?}", input.name),
                ));
            }
        }
    }
}

fn too_large(file: &File) -> Error {
    error(&file.path, 1, format!("the file is larger than {} KiB", MAX_BYTES / 1024))
}

fn error(file: &str, line: u32, message: impl Into<String>) -> Error {
    Error { file: file.to_owned(), line, message: message.into() }
}
