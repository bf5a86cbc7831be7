//! Each way in which the files can be wrong: file, line and sentence of the complaint.

use super::{Error, FREE, File, MODELS, Model, compile, generate};

const LIST: &str = "models/pricing_source_truth.txt";

/// A file with a text input and a choice; the tests break one line of it.
pub(super) const MODEL: &str = r#"title = "A model"
vendor = "Somebody"
category = "other"
task = "text-to-image"
output = "image"
api_model = "THE-ID"
availability = "live"
expected_s = 10
description = { ru = "о нём", en = "about it" }
example = { ru = "кот", en = "a cat" }

[[inputs]]
name = "prompt"
type = "text"
required = true
max_length = 100
label = { ru = "Описание", en = "Prompt" }
help = { ru = "Опишите", en = "Describe" }

[[inputs]]
name = "shape"
type = "choice"
required = false
default = "1:1"
values = ["1:1", { value = "auto", ru = "Авто", en = "Auto" }]
label = { ru = "Форма", en = "Shape" }
help = { ru = "Какая", en = "Which" }

[[charges]]
credits = 1.5
"#;

pub(super) struct Files {
    prices: File,
    models: Vec<File>,
}

/// A catalogue with nothing wrong: model `m-00` on line 3 for 1.00 USD, `m-01` on line 4 for 1.01 …
pub(super) fn good() -> Files {
    let mut list = String::from("# The list.\n\n");
    let mut models = Vec::new();
    for number in 0..MODELS {
        let id = format!("m-{number:02}");
        list.extend([id.as_str(), ": 1.", &format!("{number:02}"), " USD\n"]);
        let path = format!("models/{id}.toml");
        models.push(File { path, text: MODEL.replace("THE-ID", &id) });
    }
    Files { prices: File { path: LIST.to_owned(), text: list }, models }
}

impl Files {
    fn list(mut self, from: &str, to: &str) -> Self {
        assert!(self.prices.text.contains(from), "{from}");
        self.prices.text = self.prices.text.replacen(from, to, 1);
        self
    }

    pub(super) fn model(mut self, from: &str, to: &str) -> Self {
        assert!(MODEL.contains(from), "{from}");
        self.models[7].text = self.models[7].text.replacen(from, to, 1);
        self
    }

    pub(super) fn compile(&self) -> Result<Vec<Model>, Vec<Error>> {
        compile(&self.prices, &self.models)
    }

    /// All complaints.
    pub(super) fn told(&self) -> Vec<String> {
        self.compile().expect_err("it must fail").iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn fails(&self, expected: &[&str]) {
        let errors: Vec<String> =
            self.compile().expect_err("it must fail").iter().map(ToString::to_string).collect();
        assert_eq!(errors, expected);
    }
}

/// Breaks one line of `models/m-07.toml` and expects one complaint, at `place`.
#[track_caller]
pub(super) fn broken(from: &str, to: &str, place: &str) {
    good().model(from, to).fails(&[&format!("models/m-07.toml:{place}")]);
}

#[test]
fn a_good_catalogue_is_read_in_the_order_of_the_list_with_the_cheapest_free() {
    let models =
        good().list("m-41: 1.41", "m-41: 0.5").list("m-40: 1.40", "m-40: 1.03").compile().expect("good");
    assert_eq!(models.len(), MODELS);
    assert!(models.is_sorted_by_key(|model| &model.id));
    let free: Vec<&str> = models.iter().filter(|model| model.free).map(|model| model.id.as_str()).collect();
    // 1.03 stands on line 6 and on line 43: the earlier one is free.
    assert_eq!(free, ["m-00", "m-01", "m-02", "m-03", "m-41"]);
    assert_eq!(free.len(), FREE);
    let text = generate(&models);
    assert!(text.contains("pub(super) static FREE: [u8; 5] = [41, 0, 1, 2, 3];"), "{text}");
}

#[test]
fn another_number_of_models_than_42_is_refused() {
    let mut files = good().list("m-41: 1.41 USD\n", "");
    files.models.pop();
    files.fails(&["models/pricing_source_truth.txt:43: there are 41 models, there must be exactly 42"]);
    let mut files = good();
    files.prices.text.push_str("m-42: 1 USD\n");
    files.models.push(File { path: "models/m-42.toml".to_owned(), text: MODEL.replace("THE-ID", "m-42") });
    files.fails(&["models/pricing_source_truth.txt:45: there are 43 models, there must be exactly 42"]);
    Files { prices: File { path: LIST.to_owned(), text: String::new() }, models: Vec::new() }
        .fails(&["models/pricing_source_truth.txt:1: the price list is empty"]);
}

#[test]
fn a_model_that_is_listed_twice_is_refused() {
    let mut files = good();
    files.prices.text.push_str("m-05: 1.05 USD\n");
    files.fails(&["models/pricing_source_truth.txt:45: m-05 is already on line 8"]);
}

#[test]
fn a_bad_price_is_refused() {
    for (price, message) in [
        ("0 USD", "the price is zero"),
        ("0.0000 USD", "the price is zero"),
        ("-1 USD", "the price -1 is negative"),
        ("", "the price is missing"),
        ("1,5 USD", "\"1,5\" is not a price"),
        ("1e3 USD", "\"1e3\" is not a price"),
        (".5 USD", "\".5\" is not a price"),
        ("1.2.3 USD", "\"1.2.3\" is not a price"),
        ("free USD", "\"free\" is not a price"),
        ("1.05", "the price must be in USD, not in \"\""),
        ("1.05 EUR", "the price must be in USD, not in \"EUR\""),
        ("1.05 USD net", "the price must be in USD, not in \"USD net\""),
        ("1.00001 USD", "the price 1.00001 has more than 4 decimals"),
        ("1001 USD", "the price 1001 is above 1000 USD"),
    ] {
        good()
            .list("m-05: 1.05 USD", &format!("m-05: {price}"))
            .fails(&[&format!("models/pricing_source_truth.txt:8: m-05: {message}")]);
    }
}

#[test]
fn a_line_that_is_no_line_of_a_price_list_is_refused() {
    let mut files = good();
    files.prices.text.push_str("m-42 1 USD\nM 42: 1 USD\n../m: 1 USD\n");
    files.fails(&[
        "models/pricing_source_truth.txt:45: \"m-42 1 USD\" is not `<id>: <usd> USD`",
        "models/pricing_source_truth.txt:46: \"M 42\" is not a model id",
        "models/pricing_source_truth.txt:47: \"../m\" is not a model id",
    ]);
}

#[test]
fn a_model_without_its_file_and_a_file_without_its_line_are_refused() {
    let mut files = good();
    files.models.remove(7);
    files.fails(&["models/pricing_source_truth.txt:10: m-07 has no file models/m-07.toml"]);
    let mut files = good();
    files.models.push(File { path: "models/x/y.toml".to_owned(), text: MODEL.to_owned() });
    files.fails(&["models/x/y.toml:1: models/pricing_source_truth.txt has no line for x/y"]);
    let mut files = good();
    files.models.push(File { path: "models/notes.md".to_owned(), text: String::new() });
    files.fails(&["models/notes.md:1: only .toml files stand beside the price list"]);
}

#[test]
fn an_unknown_name_is_refused() {
    broken("category = \"other\"", "category = \"pictures\"", "3: unknown category \"pictures\"");
    broken("task = \"text-to-image\"", "task = \"draw\"", "4: unknown task \"draw\"");
    broken("output = \"image\"", "output = \"text\"", "5: unknown output \"text\"");
    broken("availability = \"live\"", "availability = \"maybe\"", "7: unknown availability \"maybe\"");
    broken(
        "type = \"text\"",
        "type = \"string\"\n# and so its limits mean nothing",
        "14: unknown type \"string\"",
    );
}

#[test]
fn an_unknown_key_is_refused() {
    broken("vendor = \"Somebody\"", "vendor = \"Somebody\"\nprice = 3", "3: unknown key `price`");
    broken("max_length = 100", "max_length = 100\nmin = 3", "17: unknown key `min`");
    broken("en = \"Describe\"", "en = \"Describe\", de = \"x\"", "18: unknown key `de`");
}

#[test]
fn a_missing_or_empty_field_is_refused() {
    broken("title = \"A model\"\n", "", "1: `title` is missing");
    broken("title = \"A model\"", "title = \" \"", "1: `title` is empty");
    broken("required = true\n", "", "12: `required` is missing");
    broken("max_length = 100\n", "", "12: `max_length` is missing");
    broken("{ ru = \"Опишите\", en = \"Describe\" }", "{ ru = \"Опишите\" }", "18: `en` is missing");
}

#[test]
fn a_value_of_another_type_is_refused() {
    broken("title = \"A model\"", "title = 5", "1: `title` must be a text, it is integer");
    broken("expected_s = 10", "expected_s = \"10\"", "8: `expected_s` must be a whole number, it is string");
    broken("expected_s = 10", "expected_s = 0", "8: `expected_s` is 0, it must be at least 1");
    broken("required = true", "required = 1", "15: `required` must be true or false, it is integer");
    broken(
        "example = { ru = \"кот\", en = \"a cat\" }",
        "example = \"a cat\"",
        "10: `example` must be a table, it is string",
    );
}

#[test]
fn what_is_no_toml_is_refused() {
    let errors = good().model("task = \"text-to-image\"", "task = ").compile().expect_err("it must fail");
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].file.as_str(), errors[0].line), ("models/m-07.toml", 4));
    let errors = good().model("task = ", "title = \"twice\"\ntask = ").compile().expect_err("it must fail");
    assert_eq!((errors[0].line, errors[0].message.as_str()), (4, "duplicate key"));
}

#[test]
fn a_model_without_a_required_input_is_refused() {
    broken("required = true", "required = false", "12: no input is required");
    let files = good();
    let none = MODEL.split("\n[[inputs]]").next().expect("a beginning").replace("THE-ID", "m-07");
    let mut files = Files { models: files.models, ..files };
    files.models[7].text = none;
    files.fails(&["models/m-07.toml:1: `inputs` is missing"]);
}

#[test]
fn an_input_that_is_there_twice_is_refused() {
    broken("name = \"shape\"", "name = \"prompt\"", "20: the input prompt is already there");
}

#[test]
fn a_choice_without_values_is_refused() {
    let values = "values = [\"1:1\", { value = \"auto\", ru = \"Авто\", en = \"Auto\" }]\n";
    good()
        .model("default = \"1:1\"\n", "")
        .model(values, "")
        .fails(&["models/m-07.toml:22: a choice needs `values`"]);
    broken(values, "values = []\n", "25: a choice needs `values`");
    broken("values = [\"1:1\"", "values = [\"1:1\", \"1:1\"", "25: `values` has \"1:1\" twice");
    broken("ru = \"Авто\", ", "", "25: `ru` is missing");
}

#[test]
fn a_default_outside_its_values_or_range_is_refused() {
    let choice = "default = \"1:1\"";
    broken(choice, "default = \"2:1\"", "24: the default \"2:1\" is not among the values");
    broken(choice, "default = 1", "24: `default` must be a text, it is integer");
    broken(
        "max_length = 100",
        "max_length = 3\ndefault = \"кошка\"",
        "17: the default has 5 characters, outside 1 to 3",
    );
    let text = "type = \"text\"\nrequired = true\nmax_length = 100";
    for (limits, message) in [
        (
            "type = \"integer\"\nrequired = true\nmin = 1\nmax = 5\ndefault = 6",
            "18: the default 6 is outside 1 to 5 in steps of 1",
        ),
        (
            "type = \"integer\"\nrequired = true\nmin = 4\nmax = 12\nstep = 4\ndefault = 9",
            "19: the default 9 is outside 4 to 12 in steps of 4",
        ),
        (
            "type = \"number\"\nrequired = true\nmin = 0\nmax = 1\nstep = 0.1\ndefault = 0.55",
            "19: the default 0.55 is outside 0 to 1 in steps of 0.1",
        ),
        (
            "type = \"boolean\"\nrequired = true\ndefault = \"yes\"",
            "16: `default` must be true or false, it is string",
        ),
        (
            "type = \"image\"\nrequired = true\naccept = [\"image/png\"]\nmax_mb = 5\ndefault = \"x\"",
            "18: this type has no default",
        ),
    ] {
        broken(text, limits, message);
    }
}

#[test]
fn limits_that_nothing_can_meet_are_refused() {
    broken("max_length = 100", "max_length = 0", "16: `max_length` is 0, it must be at least 1");
    broken(
        "max_length = 100",
        "min_length = 5\nmax_length = 4",
        "17: `max_length` is 4, it must be at least 5",
    );
    let text = "type = \"text\"\nrequired = true\nmax_length = 100";
    for (limits, message) in [
        (
            "type = \"integer\"\nrequired = true\nmin = 5\nmax = 5",
            "17: `max` is 5, it must be above `min`, which is 5",
        ),
        (
            "type = \"number\"\nrequired = true\nmin = 0\nmax = 1\nstep = 0.0",
            "18: `step` is 0.0, it must be above zero",
        ),
        (
            "type = \"images\"\nrequired = true\naccept = []\nmax_mb = 5\nmax_items = 2",
            "16: `accept` is empty",
        ),
        (
            "type = \"images\"\nrequired = true\naccept = [\"image/png\"]\nmax_mb = 5\nmax_items = 0",
            "18: `max_items` is 0, it must be at least 1",
        ),
        (
            "type = \"task\"\nrequired = true\nfrom = [\"nobody\"]",
            "12: prompt: `from` names an unknown model \"nobody\"",
        ),
    ] {
        broken(text, limits, message);
    }
}

#[test]
fn a_conflict_of_what_cannot_be_is_refused() {
    let conflict = |second: &str| {
        format!(
            "en = \"Which\" }}\n\n[[conflicts]]\nfirst = {{ input = \"shape\", value = \"auto\" }}\nsecond = {second}"
        )
    };
    let last = "en = \"Which\" }";
    broken(
        last,
        &conflict("{ input = \"size\", value = \"1\" }"),
        "31: a conflict names an unknown input \"size\"",
    );
    broken(
        last,
        &conflict("{ input = \"shape\", value = \"1\" }"),
        "31: a conflict asks of shape what it can never be",
    );
    broken(
        last,
        &conflict("{ input = \"prompt\", more_than = 1 }"),
        "31: a conflict asks of prompt what it can never be",
    );
}

#[test]
fn two_models_with_one_name_at_kie_are_refused() {
    let mut files = good();
    files.models[7].text = MODEL.replace("THE-ID", "m-03");
    files.fails(&["models/m-07.toml:6: api_model \"m-03\" is also that of m-03"]);
}

#[test]
fn all_that_is_wrong_is_told_at_once_sorted_by_file_and_line() {
    good()
        .list("m-05: 1.05", "m-05: 0")
        .model("task = \"text-to-image\"", "task = \"draw\"")
        .model("max_length = 100", "max_length = 0\ncolour = \"red\"")
        .model("default = \"1:1\"", "default = \"2:1\"")
        .fails(&[
            "models/m-07.toml:4: unknown task \"draw\"",
            "models/m-07.toml:16: `max_length` is 0, it must be at least 1",
            "models/m-07.toml:17: unknown key `colour`",
            "models/m-07.toml:25: the default \"2:1\" is not among the values",
            "models/pricing_source_truth.txt:8: m-05: the price is zero",
        ]);
}

#[test]
fn a_default_or_a_step_beyond_what_a_number_holds_is_refused() {
    let most = "79228162514264337593543950335";
    let number = format!("type = \"number\"\nmin = -{most}\nmax = {most}\nstep = 1\ndefault = {most}");
    let choice =
        MODEL.split_once("type = \"choice\"").expect("a choice").1.split_once("label").expect("a label").0;
    let told =
        good().model(&format!("type = \"choice\"{choice}"), &format!("{number}\nrequired = true\n")).told();
    assert!(
        told.iter().any(|line| line.contains("the default 79228162514264337593543950335 is outside")),
        "{told:?}"
    );
}

#[test]
fn a_file_larger_than_64_kib_is_refused() {
    let told = good().model("max_length = 100", &"# x\n".repeat(17_000)).told();
    assert_eq!(told, ["models/m-07.toml:1: the file is larger than 64 KiB"]);
}
