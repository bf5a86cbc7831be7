//! The one test binary: what each file proves stands at its top.

mod jobs;
