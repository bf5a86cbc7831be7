//! stub
use crate::message::Lang;
use crate::money::Kopecks;
/// a
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// t
    Text(&'a str),
    /// n
    Number(i64),
    /// m
    Money(Kopecks),
}
/// s
pub fn say(lang: Lang, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    format!("{lang:?} {key} {args:?}")
}
