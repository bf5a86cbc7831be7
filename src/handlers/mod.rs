//! stub
use crate::flow::Shop;
use crate::message::Incoming;
use crate::store::{Fault, Tx};
/// h
pub fn handle(_shop: &Shop, _tx: &mut Tx<'_>, _incoming: &Incoming) -> Result<(), Fault> {
    Ok(())
}
