//! Finding a customer, a job, a payment or a request by whatever the operator has of it.

use super::target::Target;
use super::{home, payments};
use super::{job, person};
use crate::handlers::talk::{Screen, Talk, clip};
use crate::ids::{JobId, PaymentId, RequestId, UserId};
use crate::message::Button;
use crate::payment::Way;
use crate::store::{Asked, Expects, Fault};
use crate::texts::Arg;

/// So many customers of one name are shown.
const SHOWN: usize = 8;
/// So many customers are looked through for a name: some ten milliseconds of the writer's time.
const LOOK: usize = 20_000;
/// How much of a label a button shows.
const LABEL: usize = 50;

/// Asks whom to look for.
pub(super) fn ask(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    talk.session.expects = Expects::Admin(Asked::Find);
    let screen = Screen { text: talk.say("admin-ask-find", &[]), keyboard: vec![home::row(talk)] };
    talk.show(screen)
}

/// What a number or code may stand for.
enum Hit {
    Person(UserId),
    Job(JobId),
    Request(RequestId),
    Payment(PaymentId),
}

/// Looks for what was written. One find is shown at once, several as buttons.
pub(super) fn take(talk: &mut Talk<'_, '_>, text: &str) -> Result<(), Fault> {
    let text = text.trim();
    let mut hits = numbered(talk, text)?;
    if hits.len() == 1
        && let Some(hit) = hits.pop()
    {
        return open(talk, &hit);
    }
    if !hits.is_empty() {
        let found = hits.iter().map(|hit| hit_button(talk, hit)).collect();
        return choose(talk, text, found, true);
    }
    let name = text.rsplit('/').next().unwrap_or(text).trim_start_matches('@');
    if name.chars().count() < 2 {
        return choose(talk, text, Vec::new(), true);
    }
    let people = talk.tx.people_named(name, SHOWN, LOOK)?;
    if let [(user, _)] = people.found.as_slice()
        && people.is_all
    {
        return person::show(talk, *user, None);
    }
    let button = |(user, row): &(UserId, crate::store::UserRow)| {
        let username = row.username.as_ref().map_or(String::new(), |name| format!(" @{name}"));
        Target::Person(*user).button(clip(&format!("👤 {}{username} · {user}", row.first_name), LABEL))
    };
    let found = people.found.iter().map(button).collect();
    choose(talk, text, found, people.is_all)
}

/// All that a number or a code can mean and that is there.
fn numbered(talk: &Talk<'_, '_>, text: &str) -> Result<Vec<Hit>, Fault> {
    let mut hits = Vec::new();
    if let Ok(user) = text.parse::<UserId>()
        && talk.tx.user(user)?.is_some()
    {
        hits.push(Hit::Person(user));
    }
    if let Ok(job) = text.trim_start_matches('#').parse::<JobId>()
        && talk.tx.job(job)?.is_some()
    {
        hits.push(Hit::Job(job));
    }
    if let Ok(payment) = text.trim_start_matches(['№', ' ']).parse::<PaymentId>()
        && talk.tx.payment(payment)?.is_some()
    {
        hits.push(Hit::Payment(payment));
    }
    for way in Way::ALL {
        hits.extend(talk.tx.payment_of_charge(way, text)?.map(Hit::Payment));
    }
    if let Ok(request) = RequestId::from_code(text, &talk.shop.server_key)
        && !talk.tx.timeline(request, 1)?.is_empty()
    {
        hits.push(Hit::Request(request));
    }
    Ok(hits)
}

fn open(talk: &mut Talk<'_, '_>, hit: &Hit) -> Result<(), Fault> {
    match hit {
        Hit::Person(user) => person::show(talk, *user, None),
        Hit::Job(id) => job::show(talk, *id, None),
        Hit::Request(request) => job::request(talk, *request),
        Hit::Payment(payment) => payments::show(talk, *payment, None),
    }
}

fn hit_button(talk: &Talk<'_, '_>, hit: &Hit) -> Button {
    match hit {
        Hit::Person(user) => Target::Person(*user).button(format!("👤 {user}")),
        Hit::Job(id) => Target::Job(*id).button(format!("🖼 #{id}")),
        Hit::Payment(id) => Target::Payment(*id).button(format!("🧾 № {id}")),
        Hit::Request(request) => {
            Target::Request(*request).button(format!("🆘 {}", request.code(&talk.shop.server_key)))
        }
    }
}

/// Shows what was found, or that nothing was; the question stays open for another word.
fn choose(talk: &mut Talk<'_, '_>, text: &str, found: Vec<Button>, is_all: bool) -> Result<(), Fault> {
    let key = if found.is_empty() { "admin-found-nothing" } else { "admin-found" };
    let mut text = talk.say(key, &[("query", Arg::Text(&clip(text, LABEL)))]);
    if !is_all {
        let looked = talk.say("admin-found-part", &[("count", super::number(LOOK))]);
        text = format!("{text}\n\n{looked}");
    }
    let mut keyboard: Vec<_> = found.into_iter().map(|button| vec![button]).collect();
    keyboard.push(home::row(talk));
    talk.show(Screen { text, keyboard })
}
