//! What Telegram and KIE saw: the other side of every comparison.

use crate::ids::JobId;
use crate::sandbox::telegram::World;
use crate::sandbox::{Sandbox, kie};
use std::collections::{BTreeMap, BTreeSet};

/// How much the outside had seen when a life began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    calls: usize,
    creates: usize,
}

impl Mark {
    pub(super) fn of(sandbox: &Sandbox) -> Self {
        let calls = sandbox.telegram.look(|world| world.seen().len());
        Self { calls, creates: sandbox.kie.look(|kie| kie.creates().len()) }
    }

    /// Telegram was called since.
    pub(super) fn is_past(self, world: &World) -> bool {
        world.seen().len() > self.calls
    }
}

/// How often each update was posted that got no 200 yet.
pub(super) fn posts(world: &World) -> BTreeMap<i64, u32> {
    let waiting = world.receipts().iter().filter(|(_, receipt)| receipt.ok == 0);
    waiting.map(|(id, receipt)| (*id, receipt.posts)).collect()
}

/// The updates that are posted just now and have no 200: their post began after `before` was
/// counted, when the service took posts already.
pub(super) fn posted(world: &World, before: Option<&BTreeMap<i64, u32>>) -> Vec<i64> {
    let Some(before) = before else { return Vec::new() };
    let began = |id: &i64, posts: u32| posts > before.get(id).copied().unwrap_or(0);
    posts(world).into_iter().filter(|(id, posts)| began(id, *posts)).map(|(id, _)| id).collect()
}

/// The updates that got a 200.
pub(super) fn acknowledged(world: &World) -> impl Iterator<Item = i64> {
    world.receipts().iter().filter(|(_, receipt)| receipt.ok > 0).map(|(id, _)| *id)
}

/// The messages that told how a job ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// With the result.
    pub(super) results: usize,
    /// With the reason why there is none.
    pub(super) failures: usize,
}

/// What Telegram took of such messages since the mark, by job: the button below each names it.
pub(super) fn told(world: &World, since: Mark) -> BTreeMap<JobId, Told> {
    let mut told = BTreeMap::<JobId, Told>::new();
    let calls = world.seen().iter().skip(since.calls).filter(|call| call.method.starts_with("send"));
    for call in calls {
        let mut data = call.keyboard.iter().flatten().filter_map(|button| button.data.as_deref());
        let job = data.find_map(|data| data.strip_prefix("again:")?.parse().ok());
        let Some(job) = job.map(JobId) else { continue };
        let told = told.entry(job).or_default();
        if call.files.is_empty() { told.failures += 1 } else { told.results += 1 }
    }
    told
}

/// The job a createTask was for, as its callback address says.
fn job_of(create: &kie::CreateSeen) -> Option<JobId> {
    let url = create.body["callBackUrl"].as_str()?;
    url.split('/').rev().nth(1)?.parse().ok().map(JobId)
}

/// The jobs for which createTask was called since the mark.
pub(super) fn asked(kie: &kie::World, since: Mark) -> BTreeSet<JobId> {
    kie.creates().iter().skip(since.creates).filter_map(job_of).collect()
}

/// Which task each job became, by the order of all calls; an error when a job was called again after
/// a call that was not put off, or a call names no job.
pub(super) fn tasks(kie: &kie::World) -> Result<BTreeMap<JobId, String>, String> {
    let mut tasks = BTreeMap::new();
    for create in kie.creates() {
        let job = job_of(create).ok_or_else(|| format!("a createTask of no job: {}", create.body))?;
        if let Some(task) = tasks.get(&job) {
            return Err(format!("createTask was called again for job {job}, which had task {task}"));
        }
        if let Some(task) = &create.task {
            tasks.insert(job, task.clone());
        }
    }
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::kie::{Account, Script, World};

    /// Calls createTask for job 7 as often as there are scripts.
    fn asked_by(scripts: [&str; 2]) -> Result<BTreeMap<JobId, String>, String> {
        let mut kie = World::new(Account::default(), "http://kie");
        let body = br#"{"model": "z-image", "input": {}, "callBackUrl": "http://us/kie/callback/7/secret"}"#;
        for name in scripts {
            kie.next(Script::named(name).expect("a script"));
            kie.create(0, Some("Bearer sandbox-key"), body);
        }
        tasks(&kie)
    }

    #[test]
    fn a_create_task_may_be_repeated_only_after_one_that_was_put_off() {
        let tasks = asked_by(["429", "lost-answer"]).expect("one task");
        assert_eq!(tasks.keys().collect::<Vec<_>>(), [&JobId(7)]);
        for answered in ["success", "lost-answer", "fail"] {
            let why = asked_by([answered, "429"]).expect_err("two calls");
            assert!(why.starts_with("createTask was called again for job 7"), "{why}");
        }
    }
}
