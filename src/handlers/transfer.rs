//! A transfer by hand as the customer sees it: the bank details, `✅ Я оплатил(а)`, the receipt.

use super::keyboard::{back_row, home};
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::flow::BankDetails;
use crate::flow::transfer::{self, NotDecided};
use crate::ids::PaymentId;
use crate::message::{Attachment, Button, FileKind, Press};
use crate::payment::{Refused, State};
use crate::store::{Expects, Fault, Payment, Receipt};
use crate::texts::{self, Arg};

/// Where to send the money, with buttons that copy it.
pub(super) fn details(talk: &mut Talk<'_, '_>, payment: &Payment) -> Result<(), Fault> {
    let Some(bank) = talk.shop.pay.bank.clone() else { return talk.tell("topup-not-offered") };
    let BankDetails { bank, card, holder, phone } = bank;
    let named = [
        ("transfer-bank", &bank),
        ("transfer-card", &card),
        ("transfer-holder", &holder),
        ("transfer-phone", &phone),
    ];
    let lines: Vec<String> = named
        .into_iter()
        .filter_map(|(key, value)| Some(talk.say(key, &[("value", Arg::Text(value.as_deref()?))])))
        .collect();
    let (number, lines) = (payment.id.to_string(), lines.join("\n"));
    let until = match payment.row.state {
        State::Asked { until } | State::Claimed { until } => texts::moment(talk.lang, until),
        State::Rejected
        | State::Expired
        | State::Paid
        | State::Refunding
        | State::Refunded
        | State::ChargedBack => return talk.tell("transfer-over"),
    };
    let args = [
        ("number", Arg::Html(&number)),
        ("amount", Arg::Money(payment.row.amount)),
        ("details", Arg::Html(&lines)),
        ("until", Arg::Html(&until)),
    ];
    let copy =
        |key: &str, value: String| vec![Button { label: talk.say(key, &[]), press: Press::Copy(value) }];
    let mut keyboard = Vec::new();
    keyboard.extend(card.map(|card| copy("transfer-copy-card", card)));
    keyboard.extend(phone.map(|phone| copy("transfer-copy-phone", phone)));
    keyboard.push(vec![Target::Paid(payment.id).button(talk.say("transfer-paid", &[]))]);
    keyboard.push(vec![Target::DropTransfer(payment.id).button(talk.say("transfer-drop", &[])), home(talk)]);
    let screen = Screen { text: talk.say("transfer", &args), keyboard };
    talk.show(screen)
}

/// The bank details again.
pub(super) fn again(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    talk.aside();
    match transfer::own(talk.tx, talk.user, id)? {
        Some(payment) => details(talk, &payment),
        None => talk.tell("payment-gone"),
    }
}

/// `✅ Я оплатил(а)`: asks for the receipt.
pub(super) fn paid(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    talk.aside();
    let Some(payment) = transfer::own(talk.tx, talk.user, id)? else { return talk.tell("payment-gone") };
    match payment.row.state {
        State::Asked { .. } => {}
        State::Claimed { .. } => return talk.tell("transfer-claimed-before"),
        State::Rejected
        | State::Expired
        | State::Paid
        | State::Refunding
        | State::Refunded
        | State::ChargedBack => return talk.tell("transfer-over"),
    }
    talk.session.expects = Expects::Receipt(id);
    let screen = Screen {
        text: talk.say("transfer-receipt", &[("amount", Arg::Money(payment.row.amount))]),
        keyboard: vec![back_row(talk, &Target::Details(id))],
    };
    talk.show(screen)
}

/// Words where a receipt is waited for.
pub(super) fn words(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    let screen = Screen {
        text: talk.say("transfer-receipt-only", &[]),
        keyboard: vec![back_row(talk, &Target::Details(id))],
    };
    talk.show(screen)
}

/// A document that an operator can look at: by its type, or by its name where Telegram says none.
fn is_paper(file: &Attachment) -> bool {
    let name = file.name.as_deref().map(str::to_ascii_lowercase);
    let named = |ending: &&str| name.as_deref().is_some_and(|name| name.ends_with(ending));
    match file.mime.as_deref() {
        Some("application/pdf") => true,
        Some(mime) if mime.starts_with("image/") => true,
        Some(_) | None => [".pdf", ".jpg", ".jpeg", ".png", ".heic"].iter().any(named),
    }
}

/// Whether a file can be a receipt: a photo, a picture or a PDF.
pub(super) fn fits(file: &Attachment) -> bool {
    match file.kind {
        FileKind::Photo => true,
        FileKind::Document => is_paper(file),
        FileKind::Video
        | FileKind::VideoNote
        | FileKind::Audio
        | FileKind::Voice
        | FileKind::Animation
        | FileKind::Sticker => false,
    }
}

/// The receipt. One of several pages comes as an album: the others are no inputs of an order.
pub(super) fn receipt(talk: &mut Talk<'_, '_>, id: PaymentId, file: &Attachment) -> Result<(), Fault> {
    if !fits(file) {
        return words(talk, id);
    }
    let receipt = Receipt {
        file_id: file.file_id.clone(),
        unique_id: file.unique_id.clone(),
        photo: file.kind == FileKind::Photo,
    };
    talk.session.expects = Expects::Nothing;
    let further = file.album.clone().map_or(Expects::Nothing, Expects::ReceiptAlbum);
    match transfer::claim(talk.shop, talk.tx, talk.user, id, receipt)? {
        Ok(payment) => {
            talk.session.expects = further;
            let number = payment.id.to_string();
            let args = [("amount", Arg::Money(payment.row.amount)), ("number", Arg::Html(&number))];
            let screen = Screen {
                text: talk.say("transfer-claimed", &args),
                keyboard: vec![vec![Target::Payment(id).button(talk.say("payment-show", &[])), home(talk)]],
            };
            talk.show(screen)
        }
        Err(NotDecided::Refused(Refused::Before)) => {
            talk.session.expects = further;
            talk.tell("transfer-claimed-before")
        }
        Err(NotDecided::Unknown | NotDecided::Refused(_) | NotDecided::Amount) => talk.tell("transfer-over"),
    }
}

/// What the customer can do with a transfer that is not paid yet: see where to, or end it.
pub(super) fn asked(talk: &Talk<'_, '_>, id: PaymentId) -> [Button; 2] {
    [
        Target::Details(id).button(talk.say("transfer-show", &[])),
        Target::DropTransfer(id).button(talk.say("transfer-drop", &[])),
    ]
}

/// The customer will not pay after all.
pub(super) fn drop(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    talk.aside();
    if transfer::drop(talk.tx, talk.user, id)?.is_err() {
        return talk.tell("transfer-over");
    }
    talk.toast("toast-transfer-dropped");
    super::topup::begin(talk)
}
