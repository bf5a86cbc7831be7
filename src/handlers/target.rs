//! What a button does, as data: written into the 64 bytes Telegram keeps with it and read back,
//! perhaps by a newer version of the bot. So the letters here never change their meaning.

use super::admin;
use super::browse::Group;
use crate::ids::{JobId, PaymentId};
use crate::message::{Button, Lang};
use crate::money::Kopecks;
use crate::payment::Way;

/// Where a tap leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The main menu, in the tapped message.
    Home,
    /// The main menu, in a new message: the tapped one is a result and stays.
    Menu,
    /// A list of models.
    List(Group, usize),
    /// A page of what a search found.
    Found(usize),
    /// The question what to search for.
    Search,
    /// A model's card.
    Card(String),
    /// The same, from further on. A button of its own: in a list, `m:` is the way to a model, and
    /// who looks for the newest such button must not find an old question.
    CardAgain(String),
    /// The form of a model.
    Generate(String),
    /// The options of a draft.
    Options(u32),
    /// One option of a draft, from this of its values on.
    Edit(u32, String, usize),
    /// Sets an option of a draft.
    Set(u32, String, String),
    /// Sets an option of a draft back to its default.
    Unset(u32, String),
    /// The order of a draft, to be confirmed.
    Order(u32),
    /// Confirms a draft at a price.
    Run(u32, Kopecks),
    /// Every option as it is by default.
    Reset(u32),
    /// The same order as an earlier job's, on its options screen.
    Change(JobId),
    /// The files that came are all.
    Enough(u32),
    /// An order of the model that goes on from an earlier result.
    Chain(JobId),
    /// Drops a draft.
    Drop(u32),
    /// The same order as an earlier job's, to be confirmed again.
    Again(JobId),
    /// Takes a queued job back.
    TakeBack(JobId),
    /// The customer's jobs.
    Jobs(usize),
    /// One of them.
    Job(JobId),
    /// Its files, once more.
    Files(JobId),
    /// The wallet.
    Balance,
    /// How to put money into it.
    TopUp,
    /// Puts so much in.
    TopUpBy(Kopecks),
    /// Asks how much to put in.
    TopUpOther,
    /// Puts so much in this way.
    PayBy(Way, Kopecks),
    /// Where to send a transfer by hand, once more.
    Details(PaymentId),
    /// The customer says that they sent it.
    Paid(PaymentId),
    /// The customer will not send it.
    DropTransfer(PaymentId),
    /// The customer's payments.
    Payments(usize),
    /// One of them.
    Payment(PaymentId),
    /// The price list.
    Prices(usize),
    /// How it all works.
    Help,
    /// A frequent question.
    Question(Question),
    /// The list of quick tasks.
    QuickList,
    /// One of them.
    Quick(String),
    /// Where to find a person.
    Support,
    /// Speaks this language from now on.
    Speak(Lang),
    /// A screen or an act of the operator's.
    Admin(admin::Target),
    /// Every movement of the wallet.
    Statement(usize),
    /// The same as a file.
    StatementFile,
    /// The terms of use.
    Terms,
    /// What is stored, for how long and who gets it.
    Privacy,
    /// What to do about a payment.
    PaySupport,
    /// All that is stored of the customer, as a file.
    Export,
    /// The question whether to forget the customer.
    Forget,
    /// Gives up what is left in the wallet, if it is this much.
    GiveUp(Kopecks),
    /// Forgets the customer.
    ForgetNow,
    /// The question for a promo code.
    Promo,
    /// How to bring a friend.
    Invite,
}

/// A frequent question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// How to create for nothing.
    Free,
    /// How prices are made.
    Prices,
    /// What to do about an error.
    Errors,
}

impl Target {
    /// What the button carries: at most 64 bytes.
    pub(crate) fn data(&self) -> String {
        match self {
            Self::Home => "home".to_owned(),
            Self::Menu => "menu".to_owned(),
            Self::List(group, page) => format!("t:{}:{page}", group.code()),
            Self::Found(page) => format!("s:{page}"),
            Self::Search => "find".to_owned(),
            Self::Card(model) => format!("m:{model}"),
            Self::CardAgain(model) => format!("c:{model}"),
            Self::Generate(model) => format!("gen:{model}"),
            Self::Options(draft) => format!("opts:{draft}"),
            Self::Edit(draft, input, from) => format!("e:{draft}:{from}:{input}"),
            Self::Set(draft, input, value) => format!("v:{draft}:{input}:{value}"),
            Self::Unset(draft, input) => format!("u:{draft}:{input}"),
            Self::Order(draft) => format!("ok:{draft}"),
            Self::Run(draft, price) => format!("go:{draft}:{}", price.get()),
            Self::Reset(draft) => format!("rst:{draft}"),
            Self::Change(job) => format!("change:{job}"),
            Self::Enough(draft) => format!("enough:{draft}"),
            Self::Chain(job) => format!("up:{job}"),
            Self::Drop(draft) => format!("no:{draft}"),
            Self::Again(job) => format!("again:{job}"),
            Self::TakeBack(job) => format!("x:{job}"),
            Self::Jobs(page) => format!("jobs:{page}"),
            Self::Job(job) => format!("job:{job}"),
            Self::Files(job) => format!("file:{job}"),
            Self::Balance => "bal".to_owned(),
            Self::TopUp => "pay".to_owned(),
            Self::TopUpBy(amount) => format!("pay:{}", amount.get()),
            Self::TopUpOther => "sum".to_owned(),
            Self::PayBy(way, amount) => format!("by:{}:{}", way_code(*way), amount.get()),
            Self::Details(payment) => format!("bank:{payment}"),
            Self::Paid(payment) => format!("paid:{payment}"),
            Self::DropTransfer(payment) => format!("unpay:{payment}"),
            Self::Payments(page) => format!("pays:{page}"),
            Self::Payment(payment) => format!("pm:{payment}"),
            Self::Prices(page) => format!("prices:{page}"),
            Self::Help => "help".to_owned(),
            Self::Question(Question::Free) => "faq:free".to_owned(),
            Self::Question(Question::Prices) => "faq:prices".to_owned(),
            Self::Question(Question::Errors) => "faq:errors".to_owned(),
            Self::QuickList => "quick".to_owned(),
            Self::Quick(code) => format!("q:{code}"),
            Self::Support => "support".to_owned(),
            Self::Speak(lang) => format!("lang:{}", lang.code()),
            Self::Admin(target) => format!("a:{}", target.data()),
            Self::Statement(page) => format!("st:{page}"),
            Self::StatementFile => "stfile".to_owned(),
            Self::Terms => "terms".to_owned(),
            Self::Privacy => "privacy".to_owned(),
            Self::PaySupport => "paysupport".to_owned(),
            Self::Export => "mydata".to_owned(),
            Self::Forget => "forget".to_owned(),
            Self::GiveUp(amount) => format!("giveup:{}", amount.get()),
            Self::ForgetNow => "forgetnow".to_owned(),
            Self::Promo => "promo".to_owned(),
            Self::Invite => "invite".to_owned(),
        }
    }

    /// A button that leads here.
    pub(super) fn button(&self, label: impl Into<String>) -> Button {
        Button::tap(label, self.data())
    }

    /// Reads what a button carried; `None` for what no version of ours ever wrote.
    pub(crate) fn read(data: &str) -> Option<Self> {
        let (word, rest) = data.split_once(':').unwrap_or((data, ""));
        match word {
            "home" => Some(Self::Home),
            "menu" => Some(Self::Menu),
            "find" => Some(Self::Search),
            "bal" => Some(Self::Balance),
            "pay" if rest.is_empty() => Some(Self::TopUp),
            "pay" => number(rest).map(Kopecks::new).map(Self::TopUpBy),
            "sum" => Some(Self::TopUpOther),
            "by" => {
                let (way, amount) = rest.split_once(':')?;
                let way = Way::ALL.into_iter().find(|one| way_code(*one) == way)?;
                Some(Self::PayBy(way, Kopecks::new(number(amount)?)))
            }
            "bank" => number(rest).map(PaymentId).map(Self::Details),
            "paid" => number(rest).map(PaymentId).map(Self::Paid),
            "unpay" => number(rest).map(PaymentId).map(Self::DropTransfer),
            "pays" => number(rest).map(Self::Payments),
            "pm" => number(rest).map(PaymentId).map(Self::Payment),
            "help" => Some(Self::Help),
            "support" => Some(Self::Support),
            "quick" => Some(Self::QuickList),
            "st" => number(rest).map(Self::Statement),
            "stfile" => Some(Self::StatementFile),
            "terms" => Some(Self::Terms),
            "privacy" => Some(Self::Privacy),
            "paysupport" => Some(Self::PaySupport),
            "mydata" => Some(Self::Export),
            "forget" => Some(Self::Forget),
            "giveup" => number(rest).map(|amount| Self::GiveUp(Kopecks::new(amount))),
            "forgetnow" => Some(Self::ForgetNow),
            "promo" => Some(Self::Promo),
            "invite" => Some(Self::Invite),
            "q" => Some(Self::Quick(rest.to_owned())),
            "a" => admin::Target::read(rest).map(Self::Admin),
            "m" => Some(Self::Card(rest.to_owned())),
            "c" => Some(Self::CardAgain(rest.to_owned())),
            "gen" => Some(Self::Generate(rest.to_owned())),
            "t" => {
                let (group, page) = rest.split_once(':')?;
                Some(Self::List(Group::from_code(group)?, number(page)?))
            }
            "s" => number(rest).map(Self::Found),
            "jobs" => number(rest).map(Self::Jobs),
            "prices" => number(rest).map(Self::Prices),
            "change" => number(rest).map(JobId).map(Self::Change),
            "up" => number(rest).map(JobId).map(Self::Chain),
            "again" => number(rest).map(JobId).map(Self::Again),
            "x" => number(rest).map(JobId).map(Self::TakeBack),
            "job" => number(rest).map(JobId).map(Self::Job),
            "file" => number(rest).map(JobId).map(Self::Files),
            "faq" => match rest {
                "free" => Some(Self::Question(Question::Free)),
                "prices" => Some(Self::Question(Question::Prices)),
                "errors" => Some(Self::Question(Question::Errors)),
                _ => None,
            },
            "lang" => match rest {
                "ru" => Some(Self::Speak(Lang::Ru)),
                "en" => Some(Self::Speak(Lang::En)),
                _ => None,
            },
            _ => Self::read_draft(word, rest),
        }
    }

    /// Buttons that belong to a draft begin with its number.
    fn read_draft(word: &str, rest: &str) -> Option<Self> {
        let (draft, rest) = rest.split_once(':').unwrap_or((rest, ""));
        let draft = number(draft)?;
        match word {
            "opts" => Some(Self::Options(draft)),
            "ok" => Some(Self::Order(draft)),
            "rst" => Some(Self::Reset(draft)),
            "enough" => Some(Self::Enough(draft)),
            "no" => Some(Self::Drop(draft)),
            "go" => number(rest).map(|price| Self::Run(draft, Kopecks::new(price))),
            "u" => Some(Self::Unset(draft, rest.to_owned())),
            "e" => {
                let (from, input) = rest.split_once(':')?;
                Some(Self::Edit(draft, input.to_owned(), number(from)?))
            }
            "v" => {
                let (input, value) = rest.split_once(':')?;
                Some(Self::Set(draft, input.to_owned(), value.to_owned()))
            }
            _ => None,
        }
    }
}

fn way_code(way: Way) -> &'static str {
    match way {
        Way::Stars => "s",
        Way::Card => "c",
        Way::Manual => "m",
    }
}

/// A number of ours, or `None`.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{self, Kind};

    fn samples() -> Vec<Target> {
        let mut all = vec![
            Target::Home,
            Target::Menu,
            Target::Found(3),
            Target::Search,
            Target::Options(u32::MAX),
            Target::Edit(u32::MAX, "enable_prompt_expansion".to_owned(), 1_000),
            Target::Order(7),
            Target::Run(u32::MAX, Kopecks::new(i64::MAX)),
            Target::Drop(7),
            Target::Enough(7),
            Target::Reset(7),
            Target::Change(JobId(7)),
            Target::Chain(JobId(u64::MAX)),
            Target::Again(JobId(u64::MAX)),
            Target::TakeBack(JobId(1)),
            Target::Jobs(0),
            Target::Job(JobId(1)),
            Target::Files(JobId(1)),
            Target::Balance,
            Target::TopUp,
            Target::TopUpBy(Kopecks::new(i64::MAX)),
            Target::TopUpOther,
            Target::PayBy(Way::Stars, Kopecks::new(i64::MAX)),
            Target::PayBy(Way::Card, Kopecks::new(1)),
            Target::PayBy(Way::Manual, Kopecks::new(1)),
            Target::Details(PaymentId(u64::MAX)),
            Target::Paid(PaymentId(1)),
            Target::DropTransfer(PaymentId(1)),
            Target::Payments(7),
            Target::Payment(PaymentId(u64::MAX)),
            Target::Prices(2),
            Target::Help,
            Target::Question(Question::Free),
            Target::Question(Question::Prices),
            Target::Question(Question::Errors),
            Target::Support,
            Target::QuickList,
            Target::Quick("preview".to_owned()),
            Target::Speak(Lang::Ru),
            Target::Speak(Lang::En),
            Target::Statement(3),
            Target::StatementFile,
            Target::Terms,
            Target::Privacy,
            Target::PaySupport,
            Target::Export,
            Target::Forget,
            Target::GiveUp(Kopecks::new(i64::MAX)),
            Target::ForgetNow,
            Target::Promo,
            Target::Invite,
        ];
        all.extend(admin::Target::samples().into_iter().map(Target::Admin));
        all.extend(Group::ALL.iter().map(|group| Target::List(*group, 99)));
        for model in catalog::models() {
            all.push(Target::Card(model.id.to_owned()));
            all.push(Target::CardAgain(model.id.to_owned()));
            all.push(Target::Generate(model.id.to_owned()));
            for input in model.inputs {
                all.push(Target::Unset(u32::MAX, input.name.to_owned()));
                if let Kind::Choice { values, .. } = input.kind {
                    let set =
                        |value: &&str| Target::Set(u32::MAX, input.name.to_owned(), (*value).to_owned());
                    all.extend(values.iter().map(set));
                }
            }
        }
        all
    }

    #[test]
    fn every_button_fits_in_64_bytes_and_is_read_back() {
        for target in samples() {
            let data = target.data();
            assert!((1..=64).contains(&data.len()), "{data}");
            assert_eq!(Target::read(&data), Some(target), "{data}");
        }
    }

    #[test]
    fn what_no_button_of_ours_carries_is_not_read() {
        for data in ["", "t", "t:nowhere:0", "t:image:x", "go:1", "go:x:1", "v:1", "lang:de", "hack", "x:-1"]
        {
            assert_eq!(Target::read(data), None, "{data}");
        }
    }
}
