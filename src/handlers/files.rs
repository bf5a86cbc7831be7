//! Files of customers: which input one is for, and what comes of it once it was looked at.
//!
//! A handler fetches nothing: it notes that somebody is to look, and [`looked`] goes on from there.

use super::form;
use super::inputs::{self, complaint, word};
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::catalog::input::{FileSource, Value, Values, links};
use crate::catalog::{Input, Kind, Model};
use crate::ids::LookId;
use crate::message::{Attachment, FETCH_MAX_BYTES, FileKind};
use crate::store::{Draft, Expects, Fault, Found, LookRow, PendingFile, Stage};
use crate::texts::Arg;

/// What a file may be, by how it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Picture,
    Video,
    Sound,
    /// Only its bytes will tell.
    Any,
    /// A sticker: no input takes one.
    None,
}

fn sort(file: &Attachment) -> Sort {
    let by_mime = |mime: &str| match mime.split('/').next() {
        Some("image") => Sort::Picture,
        Some("video") => Sort::Video,
        Some("audio") => Sort::Sound,
        Some(_) | None => Sort::Any,
    };
    match file.kind {
        FileKind::Photo => Sort::Picture,
        FileKind::Video | FileKind::VideoNote | FileKind::Animation => Sort::Video,
        FileKind::Audio | FileKind::Voice => Sort::Sound,
        FileKind::Document => file.mime.as_deref().map_or(Sort::Any, by_mime),
        FileKind::Sticker => Sort::None,
    }
}

fn takes(kind: Kind, sort: Sort) -> bool {
    match kind {
        Kind::Image(_) | Kind::Images { .. } => matches!(sort, Sort::Picture | Sort::Any),
        Kind::Video(_) | Kind::Videos { .. } => matches!(sort, Sort::Video | Sort::Any),
        Kind::Audio(_) => matches!(sort, Sort::Sound | Sort::Any),
        Kind::Text { .. }
        | Kind::Choice { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Link { .. }
        | Kind::Task { .. } => false,
    }
}

/// How many files an input takes.
fn places(kind: Kind) -> usize {
    match kind {
        Kind::Image(_) | Kind::Video(_) | Kind::Audio(_) => 1,
        Kind::Images { max_items, .. } | Kind::Videos { max_items, .. } => {
            usize::try_from(max_items).unwrap_or(usize::MAX)
        }
        Kind::Text { .. }
        | Kind::Choice { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Link { .. }
        | Kind::Task { .. } => 0,
    }
}

/// How many files an input has, those included that are being looked at.
fn count(draft: &Draft, input: &Input) -> usize {
    let have = match draft.values.get(input.name) {
        Some(Value::Files(files)) => files.len(),
        Some(_) | None => 0,
    };
    have + draft.pending.iter().filter(|file| file.input == input.name).count()
}

/// The input a file is for: the one that is asked for, else the first with room that takes its sort.
fn input_for(
    talk: &Talk<'_, '_>,
    draft: &Draft,
    model: &'static Model,
    sort: Sort,
) -> Option<&'static Input> {
    let asked = match &talk.session.expects {
        Expects::Input(name) | Expects::Option(name) => model.input(name),
        Expects::Nothing
        | Expects::Search
        | Expects::TopUp
        | Expects::Receipt(_)
        | Expects::Admin(_)
        | Expects::Promo
        | Expects::ReceiptAlbum(_) => None,
    };
    if let Some(input) = asked.filter(|input| takes(input.kind, sort)) {
        return Some(input);
    }
    let fitting = || model.inputs.iter().filter(|input| !input.hidden && takes(input.kind, sort));
    let open = |input: &&Input| count(draft, input) < places(input.kind);
    let required = fitting().filter(|input| inputs::is_asked(input)).find(open);
    // With no room left the newest file takes the place of an older one, or is one too many.
    required.or_else(|| fitting().find(open)).or_else(|| fitting().next())
}

/// A file that came with a message.
pub(super) fn take(talk: &mut Talk<'_, '_>, file: &Attachment) -> Result<(), Fault> {
    let Some((mut draft, model)) = form::draft(talk) else { return talk.tell("files-pick-first") };
    if let (Some(caption), Some(prompt)) = (&file.caption, inputs::prompt(model))
        && !draft.values.contains_key(prompt.name)
        && let Ok(value) = prompt.read(caption)
    {
        draft.values.insert(prompt.name.to_owned(), value);
    }
    let Some(input) = input_for(talk, &draft, model, sort(file)) else {
        let sentence = talk.say("files-not-taken", &[("title", Arg::Text(model.title))]);
        return form::show(talk, draft, model, Some(&sentence));
    };
    if file.size_bytes.is_some_and(|size_bytes| size_bytes > FETCH_MAX_BYTES) {
        let sentence = talk.say("files-too-big", &[]);
        return form::show(talk, draft, model, Some(&sentence));
    }
    ask(talk, draft, model, input, vec![(FileSource::Telegram(file.file_id.clone()), file.duration_s)])
}

/// A text where a file is wanted: links to files; `None` when it is none.
pub(super) fn take_links(
    talk: &mut Talk<'_, '_>,
    draft: &Draft,
    model: &'static Model,
    input: &'static Input,
    text: &str,
) -> Option<Result<(), Fault>> {
    let links = links(text)?;
    let sources = links.into_iter().map(|link| (FileSource::Link(link), None)).collect();
    Some(ask(talk, draft.clone(), model, input, sources))
}

/// The input of the draft that links would be for, when it is not said which.
pub(super) fn open_input(draft: &Draft, model: &'static Model) -> Option<&'static Input> {
    let open = |input: &&Input| !input.hidden && count(draft, input) < places(input.kind);
    let mut asked = model.inputs.iter().filter(|input| inputs::is_asked(input));
    asked.find(open).or_else(|| model.inputs.iter().find(open))
}

/// Has files looked at. What is found is the answer; one too many is said at once, and that a link, which
/// may take its time, is being opened.
fn ask(
    talk: &mut Talk<'_, '_>,
    mut draft: Draft,
    model: &'static Model,
    input: &'static Input,
    sources: Vec<(FileSource, Option<u32>)>,
) -> Result<(), Fault> {
    let places = places(input.kind);
    if places == 1 {
        draft.values.remove(input.name);
        draft.pending.retain(|file| file.input != input.name);
    }
    if count(&draft, input) + sources.len() > places {
        let label = ("label", Arg::Text(word(talk.lang, input.label)));
        let max = i64::try_from(places).unwrap_or(i64::MAX);
        let sentence = talk.say("wrong-too-many", &[label, ("max", Arg::Number(max))]);
        return form::show(talk, draft, model, Some(&sentence));
    }
    let now = talk.tx.now();
    if sources.iter().any(|(source, _)| matches!(source, FileSource::Link(_))) {
        talk.show(Screen { text: talk.say("files-opening-link", &[]), keyboard: Vec::new() })?;
    }
    for (source, said_seconds) in sources {
        let row = LookRow { user: talk.user, source, said_seconds, at: now.at, tries: 0, not_before: now.up };
        let look = talk.tx.new_look(&row)?;
        draft.pending.push(PendingFile { look, input: input.name.to_owned(), found: None });
    }
    // The screens shown before say other files: their buttons must not count any more.
    draft.number = talk.next_number()?;
    draft.shown_price = None;
    if draft.stage == Stage::Card {
        draft.stage = Stage::Form;
    }
    talk.session.draft = Some(draft);
    Ok(())
}

/// A file was looked at. Once all that came together were, the form goes on with them.
pub(super) fn looked(talk: &mut Talk<'_, '_>, look: LookId, found: Found) -> Result<(), Fault> {
    let Some((mut draft, model)) = form::draft(talk) else { return Ok(()) };
    let Some(place) = draft.pending.iter_mut().find(|file| file.look == look) else { return Ok(()) };
    place.found = Some(found);
    if draft.pending.iter().any(|file| file.found.is_none()) {
        talk.session.draft = Some(draft);
        return Ok(());
    }
    let mut trouble = None;
    for PendingFile { input, found, .. } in std::mem::take(&mut draft.pending) {
        let (Some(input), Some(found)) = (model.input(&input), found) else { continue };
        if let Err(sentence) = add(talk, &mut draft, model, input, found) {
            trouble.get_or_insert(sentence);
        }
    }
    form::show(talk, draft, model, trouble.as_deref())
}

/// Puts a file that was looked at to its input, or says what is wrong with it.
fn add(
    talk: &Talk<'_, '_>,
    draft: &mut Draft,
    model: &'static Model,
    input: &'static Input,
    found: Found,
) -> Result<(), String> {
    let file = match found {
        Found::File(file) => file,
        Found::Nothing(sentence) => return Err(sentence),
    };
    let mut files = match draft.values.get(input.name) {
        Some(Value::Files(files)) if places(input.kind) > 1 => files.clone(),
        Some(_) | None => Vec::new(),
    };
    files.push(file);
    let count = files.len();
    let value = Value::Files(files);
    input.check(&value).map_err(|wrong| complaint(talk.lang, model, &wrong))?;
    draft.values.insert(input.name.to_owned(), value);
    let more = count < places(input.kind);
    draft.collecting = (more && places(input.kind) > 1).then(|| input.name.to_owned());
    Ok(())
}

/// The screen of a list whose files are being collected.
pub(super) fn collecting(talk: &Talk<'_, '_>, draft: &Draft, input: &'static Input) -> Screen {
    let number = |count: usize| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let args = [
        ("label", Arg::Text(word(talk.lang, input.label))),
        ("count", number(count(draft, input))),
        ("max", number(places(input.kind))),
    ];
    let keyboard = vec![
        vec![Target::Enough(draft.number).button(talk.say("button-enough", &[]))],
        vec![Target::Unset(draft.number, input.name.to_owned()).button(talk.say("button-files-anew", &[]))],
        super::keyboard::back_row(talk, &Target::CardAgain(draft.model.clone())),
    ];
    Screen { text: talk.say("files-collecting", &args), keyboard }
}

/// `✅ Готово`: the files that came are all.
pub(super) fn enough(talk: &mut Talk<'_, '_>, number: u32) -> Result<(), Fault> {
    let Some((mut draft, model)) = form::of_button(talk, number) else { return form::current(talk) };
    draft.collecting = None;
    form::go_on(talk, draft, model, None)
}

/// What an input takes, as a line: `JPEG, PNG до 10 МБ, до 8 файлов`.
pub(super) fn limits_line(talk: &Talk<'_, '_>, input: &Input) -> Option<String> {
    let files = match input.kind {
        Kind::Image(files) | Kind::Video(files) | Kind::Audio(files) => files,
        Kind::Images { files, .. } | Kind::Videos { files, .. } => files,
        Kind::Text { .. }
        | Kind::Choice { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Link { .. }
        | Kind::Task { .. } => return None,
    };
    let accept = inputs::kinds_of(files.accept);
    let max = i64::try_from(places(input.kind)).unwrap_or(i64::MAX);
    let args = [
        ("accept", Arg::Text(&accept)),
        ("mb", Arg::Number(files.max_mb.into())),
        ("count", Arg::Number(max)),
        ("seconds", Arg::Number(files.max_seconds.unwrap_or(0).into())),
    ];
    Some(talk.say(if places(input.kind) > 1 { "files-limits-list" } else { "files-limits" }, &args))
}

/// Whether a draft waits for files that are being looked at.
pub(super) fn is_waiting(draft: &Draft) -> bool {
    !draft.pending.is_empty()
}

/// What of an older order can be ordered again: all but what nobody types or sends.
pub(super) fn kept(values: Values, model: &Model) -> Values {
    let ours = |name: &String| model.input(name).is_some_and(|input| !input.hidden);
    values.into_iter().filter(|(name, _)| ours(name)).collect()
}
