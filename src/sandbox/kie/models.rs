//! The list of models, which newer versions of KIE have.

use super::{World, good};
use crate::sandbox::wire::Reply;
use serde_json::{Value, json};

impl World {
    /// Has `GET /api/v1/models` list these; until then it is no known address.
    pub fn list_models(&mut self, models: &[&str]) {
        self.models = Some(models.iter().map(|model| (*model).to_owned()).collect());
    }

    /// `GET /api/v1/models`.
    pub fn models(&self, authorization: Option<&str>) -> Reply {
        if let Some(denied) = self.denied(authorization) {
            return denied;
        }
        let Some(models) = &self.models else { return Reply::html(404) };
        let models: Vec<Value> = models.iter().map(|model| json!({"model": model})).collect();
        good(&json!({"total": models.len(), "models": models}))
    }
}
