//! From `/start` to the order, and what may happen on the way.

use super::{Guest, converse, shop};
use crate::handlers::{NotLooked, looked};
use crate::ids::LookId;
use crate::message::{About, Act, Attachment, Bill, FileKind, Lang, What};
use crate::money::Kopecks;
use crate::store::Fault;
use crate::texts;

#[test]
fn a_new_customer_comes_from_start_to_a_running_job_by_tapping() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.writes("/start ref_7");
        ann.sees("Анна");
        ann.sees("100,00 ₽");
        ann.taps("🎨 Создать картинку");
        ann.taps("Z-Image");
        ann.sees("🆓");
        ann.taps("✨ Сгенерировать");
        ann.writes("рыжий <b>кот</b> & самовар");
        ann.sees("рыжий &lt;b&gt;кот&lt;/b&gt; &amp; самовар");
        ann.taps("⏭ Пропустить все");
        ann.sees("🔍 <b>Проверьте заказ</b>");
        ann.sees("🆓 Бесплатно (осталось 2)");
        ann.sees("Деньги спишутся ТОЛЬКО при успешной генерации");
        let run = ann.data("✅ Запустить");
        ann.data("❌ Отмена");
        ann.taps_data(&run);
        ann.sees("Заказ принят");
        assert!(ann.seen.iter().any(|answer| matches!(answer.about, About::Status(_))));
        assert_eq!(ann.jobs(), 1);
        ann.taps_data(&run);
        ann.sees("Уже запущено");
        assert_eq!(ann.jobs(), 1, "two taps make one job");
        Ok(())
    });
}

#[test]
fn a_text_on_a_card_is_its_prompt_and_a_later_one_replaces_it() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("m:google/imagen4");
        ann.writes("первый");
        ann.sees("первый");
        ann.taps("⏭ Пропустить все");
        let old = ann.data("✅ Запустить");
        ann.writes("второй");
        ann.sees("🔍 <b>Проверьте заказ</b>");
        ann.sees("второй");
        ann.taps_data(&old);
        ann.sees("второй");
        assert_eq!(ann.jobs(), 0, "the screen of the first prompt confirms nothing");
        ann.taps("✅ Запустить");
        assert_eq!(ann.jobs(), 1);
        let job = ann.tx.jobs_of(ann.id, 0, 1)?.remove(0);
        assert_eq!(super::super::inputs::code(&job.row.input["prompt"]), "второй");
        Ok(())
    });
}

#[test]
fn a_prompt_that_overtakes_the_tap_on_generate_is_kept() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("m:z-image");
        ann.writes("самовар");
        ann.taps_data("gen:z-image");
        ann.sees("самовар");
        ann.taps("⏭ Пропустить все");
        ann.sees("Проверьте заказ");
        ann.taps_data("m:z-image");
        ann.taps("✨ Сгенерировать");
        ann.sees("Опишите картинку");
        Ok(())
    });
}

#[test]
fn a_fresh_card_drops_the_order_that_was_not_confirmed() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("m:z-image");
        ann.writes("кот");
        ann.taps("⏭ Пропустить все");
        let old = ann.data("✅ Запустить");
        ann.taps_data("m:google/imagen4");
        ann.taps_data(&old);
        ann.sees("Imagen");
        assert_eq!(ann.jobs(), 0);
        Ok(())
    });
}

#[test]
fn options_are_chosen_by_buttons_switches_and_words() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("m:kling/v2-5-turbo-text-to-video-pro");
        ann.writes("самовар кипит");
        ann.taps("Соотношение сторон");
        ann.taps("9:16");
        ann.sees("самовар кипит");
        assert!(ann.labels().iter().any(|label| label.contains("9:16")), "{:?}", ann.labels());
        let scale = ann.data("0,5");
        ann.taps_data(&scale);
        ann.writes("сто");
        ann.sees("нужно число");
        ann.writes("7");
        ann.sees("от 0 до 1");
        ann.writes("0,7");
        assert!(ann.labels().iter().any(|label| label.contains("0,7")), "{:?}", ann.labels());
        ann.taps("➡️ К заказу");
        ann.sees("9:16");
        ann.sees("0,7");
        Ok(())
    });
}

#[test]
fn a_prompt_that_will_not_do_is_answered_with_a_sentence_and_no_job() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        for (text, sentence) in [
            ("   ".to_owned(), "пустое сообщение"),
            ("a\0b".to_owned(), "служебные символы"),
            ("🙂".repeat(4_096), "слишком длинно"),
            ("я".repeat(1_001), "Поместится 1000 символов"),
        ] {
            ann.taps_data("gen:z-image");
            ann.writes(&text);
            ann.sees(sentence);
        }
        ann.writes("кот");
        ann.sees("кот");
        assert_eq!(ann.jobs(), 0);
        Ok(())
    });
}

#[test]
fn a_model_that_needs_a_file_asks_for_it_and_one_that_needs_a_result_says_where_that_is() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.taps_data("m:recraft/remove-background");
        ann.sees("Пришлите файл");
        ann.writes("без фона, пожалуйста");
        ann.sees("нужен файл или ссылка");
        ann.taps_data("m:grok-imagine/upscale");
        ann.sees("под ним");
        ann.taps("✨ Сгенерировать");
        ann.sees("под ним");
        assert!(ann.tx.session(ann.id)?.expect("a session").draft.is_none());
        Ok(())
    });
}

#[test]
fn cancel_works_in_every_state_and_leaves_nothing_begun() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        let steps: [&[&str]; 6] = [
            &[],
            &["find"],
            &["m:z-image"],
            &["gen:z-image"],
            &["gen:z-image", "text", "Соотношение"],
            &["gen:z-image", "text", "⏭"],
        ];
        for steps in steps {
            for step in steps {
                match *step {
                    "text" => ann.writes("кот"),
                    data if data.contains(':') || data == "find" => ann.taps_data(data),
                    label => ann.taps(label),
                }
            }
            ann.writes("/cancel");
            ann.sees("Отменено");
            let session = ann.tx.session(ann.id)?.expect("a session");
            assert_eq!((session.draft, session.expects), (None, crate::store::Expects::Nothing));
        }
        Ok(())
    });
}

#[test]
fn a_tap_edits_its_message_but_never_a_result_or_a_status() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        let edits = |ann: &Guest<'_, '_>| {
            ann.seen.iter().any(|answer| matches!(answer.act, Act::Text { edit: Some(_), .. }))
        };
        ann.writes("/start");
        assert!(!edits(&ann));
        ann.taps("💰 Баланс");
        assert!(edits(&ann));
        ann.taps_data("menu");
        assert!(!edits(&ann), "a result keeps its message");
        ann.taps_data("m:z-image");
        ann.writes("кот");
        ann.taps("⏭");
        ann.taps("✅");
        assert!(edits(&ann), "the order becomes the status message");
        ann.taps_data("bal");
        assert!(!edits(&ann), "the status message is not overwritten");
        Ok(())
    });
}

#[test]
fn the_language_can_be_changed_and_stays() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.writes("/start");
        ann.taps("🌐 English");
        ann.sees("Main menu");
        ann.writes("/balance");
        ann.sees("Available");
        ann.writes("/lang");
        ann.taps("Русский");
        ann.sees("Главное меню");
        Ok(())
    });
}

#[test]
fn a_button_for_a_page_beyond_all_numbers_is_answered() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.writes("/start");
        for data in ["jobs", "prices", "s", "t:image"] {
            ann.taps_data(&format!("{data}:{}", usize::MAX));
        }
        Ok(())
    });
}

#[test]
fn the_search_wants_two_letters_and_pages_what_it_finds() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.writes("/start");
        ann.taps("🔍 Поиск модели");
        ann.writes("а");
        ann.sees("две буквы");
        ann.writes("<видео>");
        ann.sees("&lt;видео&gt;");
        ann.writes("видео");
        ann.sees("Страница 1");
        ann.taps("➡️");
        ann.sees("Страница 2");
        ann.writes("nano");
        ann.taps("Nano Banana");
        Ok(())
    });
}

#[test]
fn what_is_no_word_is_answered_with_a_sentence() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::Ru);
        ann.does(What::Unsupported);
        ann.sees("не понимаю");
        let file = Attachment {
            kind: FileKind::Photo,
            file_id: "f".to_owned(),
            unique_id: "u".to_owned(),
            size_bytes: None,
            mime: None,
            name: None,
            pixels: None,
            duration_s: None,
            caption: None,
            album: None,
        };
        ann.does(What::File(file));
        ann.sees("Сначала выберите модель");
        ann.writes("/nothing");
        ann.sees("Такой команды нет");
        ann.does(What::PreCheckout {
            query: "q".to_owned(),
            bill: Bill { currency: "XTR".to_owned(), total: 1, payload: "another bot's".to_owned() },
        });
        assert!(matches!(&ann.seen[0].act, Act::PreCheckout { refusal: Some(why), .. } if !why.is_empty()));
        ann.does(What::AddedToGroup);
        assert!(matches!(ann.seen[0].act, Act::Text { .. }) && ann.seen[1].act == Act::Leave);
        ann.does(What::Blocked(true));
        assert!(ann.tx.user(ann.id)?.expect("a row").blocked);
        ann.does(What::Blocked(false));
        assert!(!ann.tx.user(ann.id)?.expect("a row").blocked);
        Ok(())
    });
}

#[test]
fn somebody_in_a_hurry_is_told_once_and_an_admin_never() {
    converse(|tx| {
        let shop = crate::flow::Shop { actions_per_minute: 20, actions_burst: 3, ..shop() };
        let mut ann = Guest::new(&mut *tx, shop.clone(), 42, Lang::Ru);
        for _ in 0..3 {
            ann.taps_data("home");
            ann.sees("Главное меню");
        }
        ann.taps_data("home");
        ann.sees("Чуть медленнее");
        for _ in 0..3 {
            ann.does(What::Tap { query: "q".to_owned(), message: None, data: "home".to_owned() });
            assert_eq!((ann.toast(), ann.screen()), (Some(""), None), "the button stops spinning");
            ann.does(What::Text("кот".to_owned()));
            assert!(ann.seen.is_empty());
        }
        let mut admin = Guest::new(tx, shop, 1, Lang::Ru);
        for _ in 0..40 {
            admin.taps_data("home");
            admin.sees("Главное меню");
        }
        Ok(())
    });
}

#[test]
fn the_bonus_comes_once_and_only_when_there_is_one() {
    converse(|tx| {
        let mut ann = Guest::new(&mut *tx, shop(), 42, Lang::Ru);
        for _ in 0..3 {
            ann.writes("/start");
        }
        assert_eq!(ann.tx.available(ann.id)?, Kopecks::new(10_000));
        let none = crate::flow::Shop { start_bonus: Kopecks::ZERO, ..shop() };
        let mut bob = Guest::new(tx, none, 43, Lang::En);
        bob.writes("/start");
        assert_eq!(bob.tx.available(bob.id)?, Kopecks::ZERO);
        assert!(!bob.screen().expect("a screen").contains('₽'));
        Ok::<(), Fault>(())
    });
}

#[test]
fn who_was_forgotten_comes_back_as_somebody_new_without_a_second_bonus() {
    converse(|tx| {
        let mut ann = Guest::new(tx, shop(), 42, Lang::En);
        ann.writes("/lang");
        ann.taps("Русский");
        ann.taps_data("m:z-image");
        ann.writes("тайный кот");
        let order = ann.data("⏭ Пропустить все");
        ann.taps_data("forget");
        ann.sees("На балансе ещё есть деньги");
        ann.taps("💸 Отказаться от 100,00 ₽");
        ann.taps("🗑 Да, удалить всё");
        ann.sees("мы вас забыли");
        let row = ann.tx.user(ann.id)?.expect("a row");
        assert_eq!((row.first_name.as_str(), row.lang), ("", Lang::default()));
        assert!(!ann.tx.session(ann.id)?.expect("a session").has_words());
        ann.writes("/start");
        ann.sees("Hello");
        assert!(!ann.screen().expect("a screen").contains('₽'), "the bonus comes once");
        assert_eq!(ann.tx.available(ann.id)?, Kopecks::ZERO);
        ann.taps_data(&order);
        assert!(!ann.screen().expect("a screen").contains("тайный кот"));
        Ok(())
    });
}

#[test]
fn whatever_keeps_a_link_from_being_looked_at_is_told_as_what_it_is() {
    let whys = [
        (NotLooked::LinkTooBig, "files-link-too-big"),
        (NotLooked::NotPublic, "files-not-public"),
        (NotLooked::Gone, "files-gone"),
        (NotLooked::Unreachable, "files-unreachable"),
        (NotLooked::Unreadable, "files-unreadable"),
    ];
    converse(move |tx| {
        let mut guest = Guest::new(tx, shop(), 5, Lang::Ru);
        guest.writes("/start");
        for (look, (not, key)) in (1..).zip(whys) {
            guest.taps_data("m:recraft/remove-background");
            guest.writes("https://example.com/a.png");
            guest.sees("Открываю вашу ссылку");
            looked(&guest.shop, guest.tx, LookId(look), Err(not))?;
            let sentence = texts::say(Lang::Ru, key, &[]);
            let told = guest.tx.outbox_rows()?.into_iter().any(
                |(_, _, row)| matches!(row.outgoing.act, Act::Text { text, .. } if text.contains(&sentence)),
            );
            assert!(told, "{not:?}: nobody is told {sentence:?}");
        }
        Ok(())
    });
}
