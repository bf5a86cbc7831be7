//! Models that go on from an earlier result: upscaling a video that this bot made.

use super::form;
use super::talk::Talk;
use crate::catalog;
use crate::catalog::input::Value;
use crate::ids::JobId;
use crate::store::{Fault, Stage};

/// `⬆️ Улучшить качество`: an order of the model that goes on from the result of `job`.
pub(super) fn go_on_from(talk: &mut Talk<'_, '_>, job: JobId) -> Result<(), Fault> {
    talk.drop_draft();
    talk.leave_tapped();
    let job = talk.tx.job(job)?.filter(|job| job.row.user == talk.user);
    let Some(job) = job else { return talk.tell("job-gone") };
    let Some((model, input)) = catalog::chained(&job.row.model) else { return talk.tell("job-model-gone") };
    let Some(task) = job.row.task else { return talk.tell("job-task-gone") };
    let mut draft = talk.new_draft(model.id, Stage::Form)?;
    draft.values.insert(input.name.to_owned(), Value::Text(task));
    form::go_on(talk, draft, model, None)
}
