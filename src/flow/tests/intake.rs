//! An update that we fail to handle.

use super::{ADMIN, ANN, play, text};
use crate::flow::intake::park;
use crate::ids::{ChatId, InboxId, RequestId, UpdateId};
use crate::message::{About, Incoming, Lang, Person, Urgency, What};
use crate::store::{Fate, Received};
use crate::texts::{Arg, say};

#[test]
fn an_update_is_put_aside_once_and_both_sides_are_told_its_code() {
    play(|stage| {
        stage.act(|_, tx| {
            assert_eq!(tx.receive(9, UpdateId(7), Urgency::Usual, b"{}")?, Received::New(InboxId(1)));
            let mut row = tx.inbox_row(InboxId(1))?.expect("it waits");
            row.attempts = 3;
            tx.put_inbox_row(InboxId(1), &row)
        });
        let row = stage.act(|_, tx| tx.inbox_row(InboxId(1))).expect("it waits");
        for _ in 0..2 {
            let row = row.clone();
            stage.act(move |shop, tx| {
                let from =
                    Person { id: ANN, first_name: "Анна".to_owned(), username: None, lang: Lang::En };
                let incoming =
                    Incoming { update: UpdateId(7), from, chat: ChatId(ANN.0), what: What::Unsupported };
                park(shop, tx, InboxId(1), &row, &incoming)
            });
        }
        let code = RequestId(1).code(&stage.shop.server_key);
        let view = stage.view();
        let parked = view.parked(10).expect("readable");
        let whys: Vec<_> = parked.iter().map(|row| (row.update, row.why.as_str())).collect();
        assert_eq!(whys, [(Some(UpdateId(7)), "it failed 3 times")]);
        assert_eq!(view.inbox_depth(), Ok(0));
        let seen = view.seen(9, UpdateId(7)).expect("readable").expect("seen");
        assert_eq!(seen.fate, Fate::Parked);
        let events = view.trace(RequestId(1)).expect("readable");
        let events: Vec<_> = events.iter().map(|one| (one.user, one.what.as_str(), &*one.data)).collect();
        assert_eq!(events, [(ANN, "parked", "update 7: it failed 3 times")]);
        let [(2, _, sorry), (3, _, alarm)] = &stage.outbox()[..] else { panic!("{:?}", stage.outbox()) };
        assert_eq!((sorry.outgoing.chat, sorry.outgoing.about), (ANN.chat(), About::Screen(ANN)));
        assert_eq!(text(sorry), say(Lang::En, "error-ours", &[("code", Arg::Text(&code))]));
        assert_eq!(sorry.request, Some(RequestId(1)));
        let detail = format!("update 7 {code}");
        assert_eq!(alarm.outgoing.chat, ADMIN.chat());
        assert_eq!(text(alarm), say(Lang::Ru, "alarm-parked", &[("detail", Arg::Text(&detail))]));
    });
}
