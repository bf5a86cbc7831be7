//! Receipts of transfers by hand: several pages, haste, and what stands in the way of being forgotten.

use super::{Guest, converse, shop};
use crate::flow::{Shop, transfer};
use crate::ids::PaymentId;
use crate::message::{Attachment, FileKind, Lang, What};
use crate::money::Kopecks;
use crate::payment::State;
use crate::store::{Draft, Receipt};

fn photo(name: &str, album: Option<&str>) -> What {
    What::File(Attachment {
        kind: FileKind::Photo,
        file_id: name.to_owned(),
        unique_id: name.to_owned(),
        size_bytes: Some(1_000),
        mime: None,
        name: None,
        pixels: Some((640, 480)),
        duration_s: None,
        caption: None,
        album: album.map(str::to_owned),
    })
}

fn draft(ann: &Guest<'_, '_>) -> Draft {
    ann.tx.session(ann.id).expect("readable").expect("a session").draft.expect("an order")
}

/// From the top-up to the question for the receipt.
fn is_asked_for_a_receipt(ann: &mut Guest<'_, '_>) {
    ann.writes("/topup");
    ann.taps_data("by:m:30000");
    ann.taps("✅ Я оплатил(а)");
    ann.sees("Пришлите чек");
}

#[test]
fn the_second_page_of_a_receipt_is_no_picture_of_an_order() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("m:recraft/remove-background");
        ann.does(photo("hers", None));
        is_asked_for_a_receipt(&mut ann);
        let waiting = draft(&ann);
        assert_eq!(waiting.pending.len(), 1);
        ann.does(photo("page one", Some("pages")));
        ann.sees("Чек получен");
        for page in ["page two", "page three"] {
            ann.does(photo(page, Some("pages")));
            ann.sees("эту страницу оператор не увидит");
        }
        assert_eq!(draft(&ann), waiting);
        ann.does(photo("another", Some("holidays")));
        assert_ne!(draft(&ann).pending, waiting.pending, "her next picture is for the order again");
        Ok(())
    });
}

#[test]
fn of_a_receipt_that_nobody_gets_no_page_is_said_to_be_with_the_operator() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        is_asked_for_a_receipt(&mut ann);
        assert_eq!(transfer::drop(ann.tx, ann.id, PaymentId(1))?, Ok(()));
        ann.does(photo("page one", Some("pages")));
        ann.sees("Эта заявка уже закрыта");
        ann.does(photo("page two", Some("pages")));
        ann.sees("Сначала выберите модель");
        Ok(())
    });
}

#[test]
fn the_pages_of_a_second_receipt_are_no_pictures_of_an_order_either() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        is_asked_for_a_receipt(&mut ann);
        let first = Receipt { file_id: "first".to_owned(), unique_id: "first".to_owned(), photo: true };
        assert!(transfer::claim(&ann.shop, ann.tx, ann.id, PaymentId(1), first)?.is_ok());
        ann.does(photo("page one", Some("pages")));
        ann.sees("Чек по этому переводу уже у оператора");
        ann.does(photo("page two", Some("pages")));
        ann.sees("эту страницу оператор не увидит");
        Ok(())
    });
}

#[test]
fn a_text_after_a_receipt_of_several_pages_means_what_it_always_did() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        is_asked_for_a_receipt(&mut ann);
        ann.does(photo("page one", Some("pages")));
        ann.writes("самовар");
        ann.sees("сначала выберите модель");
        Ok(())
    });
}

#[test]
fn a_receipt_is_taken_from_somebody_in_a_hurry_and_nothing_else_is() {
    converse(|tx| {
        let hasty = Shop { actions_per_minute: 20, actions_burst: 3, ..shop() };
        let mut ann = Guest::new(tx, hasty, 42, Lang::Ru);
        is_asked_for_a_receipt(&mut ann);
        let What::File(file) = photo("a song", None) else { panic!("it is a file") };
        ann.does(What::File(Attachment { kind: FileKind::Audio, ..file }));
        ann.sees("Чуть медленнее");
        ann.does(photo("receipt", None));
        ann.sees("Чек получен");
        ann.does(photo("receipt", None));
        assert!(ann.seen.is_empty(), "they know that they are too fast");
        Ok(())
    });
}

#[test]
fn a_transfer_that_is_not_paid_is_closed_on_the_way_to_being_forgotten() {
    converse(|tx| {
        let mut ann = Guest::new(tx, Shop { start_bonus: Kopecks::ZERO, ..shop() }, 42, Lang::Ru);
        is_asked_for_a_receipt(&mut ann);
        ann.taps_data("forget");
        ann.sees("открыта заявка на перевод № 1");
        ann.data("🏦 Реквизиты");
        ann.taps("🗑 Не буду платить");
        ann.sees("Заявка закрыта");
        is_asked_for_a_receipt(&mut ann);
        ann.does(photo("receipt", None));
        ann.taps_data("forget");
        ann.sees("Оператор ещё проверяет");
        ann.data("🧾 Открыть платёж");
        let newest = ann.tx.payments_of(ann.id, 0, 1)?.remove(0);
        assert!(matches!(newest.row.state, State::Claimed { .. }), "{newest:?}");
        Ok(())
    });
}

#[test]
fn too_many_open_transfers_are_told_apart_and_one_of_them_can_be_closed() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        for _ in 0..3 {
            is_asked_for_a_receipt(&mut ann);
        }
        ann.taps_data("by:m:30000");
        ann.sees("3 открытые заявки на перевод: они ждут вашей оплаты или проверки");
        ann.taps("🧾 Мои платежи");
        ann.taps_data("pm:2");
        ann.sees("Ждём оплату");
        ann.taps("🗑 Не буду платить");
        ann.taps_data("by:m:30000");
        ann.sees("Перевод № 4");
        Ok(())
    });
}
