//! The one test binary: what each file proves stands at its top.

mod crash;
mod intake;
mod jobs;
mod sale;
mod support;
