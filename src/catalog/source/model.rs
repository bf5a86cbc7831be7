//! One model's file.

// The closed lists stand beside this parser, in the library as in `build.rs`.
use super::super::words::{Availability, Category, Output, Task};
use super::bill::{self, Range};
use super::charge::{self, Charge};
use super::conflict::{self, Conflict};
use super::document::{Context, Fields};
use super::input::{self, Input, Label};
use super::{Error, File};
use rust_decimal::Decimal;
use toml::de::DeTable;

/// A model as its file and its price line describe it.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// The path of its file without `models/` and `.toml`.
    pub(crate) id: String,
    /// The string KIE knows it by.
    pub(crate) kie_id: String,
    /// Where that stands in the file.
    pub(crate) kie_id_line: u32,
    /// Its name.
    pub(crate) title: String,
    /// Who made it.
    pub(crate) vendor: String,
    /// Its place in the price list.
    pub(crate) category: Category,
    /// What it does.
    pub(crate) task: Task,
    /// What comes out.
    pub(crate) output: Output,
    /// What is known of it at KIE.
    pub(crate) availability: Availability,
    /// How long it takes as a rule, in seconds.
    pub(crate) expected_s: u32,
    /// A sentence or two for the customer.
    pub(crate) description: Label,
    /// What a customer might write.
    pub(crate) example: Label,
    /// In the order in which they are asked for.
    pub(crate) inputs: Vec<Input>,
    /// What does not go together.
    pub(crate) conflicts: Vec<Conflict>,
    /// What KIE charges; the first that fits counts.
    pub(crate) charges: Vec<Charge>,
    /// What that comes to, at the least and at the most.
    pub(crate) range: Range,
    /// The price, once the list is known.
    pub(crate) usd: Decimal,
    /// The least that a job can cost, once the price is known.
    pub(crate) least_usd: Decimal,
    /// One of the cheapest, once all prices are known.
    pub(crate) free: bool,
}

/// What KIE takes for a credit, in US dollars.
const CREDIT_USD: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// So many of KIE's credits in US dollars. At most `bill::DEAREST_CREDITS` are ever charged, so it fits.
pub(super) fn in_usd(credits: Decimal) -> Decimal {
    (credits * CREDIT_USD).normalize()
}

impl Model {
    /// The same with its line of the price list.
    pub(super) fn priced(mut self, usd: Decimal) -> Self {
        self.usd = usd;
        self.least_usd = usd.max(in_usd(self.range.cheapest.credits));
        self
    }
}

/// The model, or `None` after complaints.
pub(super) fn read(file: &File, id: &str, errors: &mut Vec<Error>) -> Option<Model> {
    let mut context = Context::new(&file.path, &file.text, errors);
    match DeTable::parse(&file.text) {
        Ok(table) => read_table(&mut context, table.get_ref(), id),
        Err(error) => {
            let line = context.line(error.span().map_or(0, |span| span.start));
            context.complain(line, error.message());
            None
        }
    }
}

fn read_table<'t>(context: &mut Context<'t>, table: &'t DeTable<'t>, id: &str) -> Option<Model> {
    let before = context.complaints();
    let mut fields = Fields::new(context, table, 1);
    let kie_id_line = fields.line_of("api_model").unwrap_or(1);
    let title = fields.text(context, "title");
    let vendor = fields.text(context, "vendor");
    let category = fields.word(context, "category", Category::from_name);
    let task = fields.word(context, "task", Task::from_name);
    let output = fields.word(context, "output", Output::from_name);
    let kie_id = fields.text(context, "api_model");
    let availability = fields.word(context, "availability", Availability::from_name);
    let expected_s = fields.count(context, "expected_s", 1);
    let description = input::read_label(context, &mut fields, "description");
    let example = input::read_label(context, &mut fields, "example");
    let inputs = read_inputs(context, &mut fields);
    let (conflicts, charges) = match &inputs {
        Some(inputs) if context.complaints() == before => {
            (conflict::read(context, &mut fields, inputs), charge::read(context, &mut fields, inputs))
        }
        // They speak of inputs, which are not known.
        Some(_) | None => {
            fields.take("conflicts");
            fields.take("charges");
            (Vec::new(), Vec::new())
        }
    };
    fields.finish(context);
    if context.complaints() > before {
        return None;
    }
    let inputs = inputs?;
    let range = bill::range(context, &charges, &inputs, &conflicts)?;
    Some(Model {
        id: id.to_owned(),
        kie_id: kie_id?,
        kie_id_line,
        title: title?,
        vendor: vendor?,
        category: category?,
        task: task?,
        output: output?,
        availability: availability?,
        expected_s: expected_s?,
        description: description?,
        example: example?,
        inputs,
        conflicts,
        charges,
        range,
        usd: Decimal::ZERO,
        least_usd: Decimal::ZERO,
        free: false,
    })
}

fn read_inputs<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Vec<Input>> {
    let node = fields.need(context, "inputs")?;
    let before = context.complaints();
    let mut inputs: Vec<Input> = Vec::new();
    for node in node.list(context, "inputs")? {
        let Some(input) = node.fields(context, "inputs").and_then(|fields| input::read(context, fields))
        else {
            continue;
        };
        if inputs.iter().any(|earlier| earlier.name == input.name) {
            context.complain(input.line, format!("the input {} is already there", input.name));
        }
        inputs.push(input);
    }
    if context.complaints() == before && !inputs.iter().any(|input| input.required) {
        context.complain(node.line, "no input is required");
    }
    Some(inputs)
}
