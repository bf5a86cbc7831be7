//! The wallet and the price list.

use super::browse;
use super::keyboard::{home, pages, to_menu};
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::catalog::price::quote_from;
use crate::catalog::{self, Model};
use crate::flow::statement::kind_key;
use crate::ledger::{Account, Kind, Transfer};
use crate::money::Kopecks;
use crate::store::Fault;
use crate::texts::{self, Arg};

/// How many movements the balance shows.
const MOVES: usize = 8;
/// How many models a page of the price list shows.
const PRICES: usize = 14;

/// What is there, what is reserved, and the last movements.
pub(super) fn balance(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let wallet = Account::User(talk.user);
    let args = [
        ("available", Arg::Money(talk.tx.available(talk.user)?)),
        ("held", Arg::Money(talk.tx.account(wallet)?.counters.held())),
    ];
    let mut text = talk.say("balance", &args);
    let moves = talk.tx.history(wallet, None, MOVES)?;
    if moves.is_empty() {
        text = format!("{text}\n\n{}", talk.say("balance-no-moves", &[]));
    } else {
        let lines: Vec<_> = moves.iter().map(|(_, row)| line(talk, &row.transfer)).collect();
        text = format!("{text}\n\n{}\n{}", talk.say("balance-moves", &[]), lines.join("\n"));
    }
    let free = Target::List(browse::Group::Free, 0).button(talk.say("button-free", &[]));
    let statement = Target::Statement(0).button(talk.say("button-statement", &[]));
    let mut keyboard = vec![
        vec![Target::TopUp.button(talk.say("button-topup", &[])), free],
        vec![statement],
        vec![home(talk)],
    ];
    if talk.shop.referral.is_on() {
        keyboard.insert(2, vec![Target::Invite.button(talk.say("button-invite", &[]))]);
    }
    talk.show(Screen { text, keyboard })
}

/// One movement of a wallet.
fn line(talk: &Talk<'_, '_>, transfer: &Transfer) -> String {
    // Reserved money has not moved yet, and freed money has not come in.
    let key = match transfer.kind {
        Kind::Hold | Kind::Release => "move-neutral",
        Kind::Topup | Kind::Charge | Kind::Refund | Kind::Adjust | Kind::Loss => {
            if transfer.credit == Account::User(talk.user) { "move-in" } else { "move-out" }
        }
    };
    let (kind, at) = (talk.say(kind_key(transfer), &[]), texts::moment(talk.lang, transfer.at));
    let args = [("at", Arg::Html(&at)), ("kind", Arg::Html(&kind)), ("amount", Arg::Money(transfer.amount))];
    talk.say(key, &args)
}

/// The price list, cheapest first, a page of it.
pub(super) fn prices(talk: &mut Talk<'_, '_>, page: usize) -> Result<(), Fault> {
    talk.aside();
    let mut list: Vec<(Kopecks, &'static Model)> = Vec::new();
    for model in catalog::models() {
        // A model without a price is not sold, and so not listed.
        if let Ok(quote) = quote_from(model, &talk.shop.rates) {
            list.push((quote.price, model));
        }
    }
    list.sort_by_key(|(price, model)| (*price, model.index));
    let (Some((least, _)), Some((most, _))) = (list.first(), list.last()) else {
        let screen = Screen { text: talk.say("not-sold-no-price", &[]), keyboard: to_menu(talk) };
        return talk.show(screen);
    };
    let mut text = talk.say("prices", &[("least", Arg::Money(*least)), ("most", Arg::Money(*most))]);
    text.push('\n');
    let count = list.len().div_ceil(PRICES);
    let page = page.min(count - 1);
    for (price, model) in list.iter().skip(page * PRICES).take(PRICES) {
        let args = [("title", Arg::Text(model.title)), ("price", Arg::Money(*price))];
        text.push('\n');
        text.push_str(&talk.say(
            if model.free && talk.shop.free.is_on() { "prices-line-free" } else { "prices-line" },
            &args,
        ));
    }
    let mut keyboard = pages(talk, page, count, Target::Prices);
    keyboard.push(vec![home(talk)]);
    talk.show(Screen { text, keyboard })
}
