//! Each way in which the charges of a model can be wrong: line and sentence of the complaint.

use super::tests::{MODEL, broken, good};

/// The last lines of the model that the tests break; its `credits` stand on line 30.
const ROW: &str = "[[charges]]\ncredits = 1.5\n";

#[test]
fn a_model_without_charges_is_refused() {
    broken(ROW, "", "1: `charges` is missing");
    broken(ROW, "[charges]\ncredits = 1\n", "29: `charges` must be a list, it is table");
}

#[test]
fn credits_that_are_no_number_above_zero_are_refused() {
    broken("credits = 1.5", "when = { shape = \"1:1\" }", "29: `credits` is missing");
    for (credits, message) in [
        ("0", "`credits` is 0, it must be above zero"),
        ("-1.5", "`credits` is -1.5, it must be above zero"),
        ("\"1\"", "`credits` must be a number, it is string"),
    ] {
        let row = format!("credits = {credits}");
        let told = good().model("credits = 1.5", &row).told();
        assert_eq!(told, [format!("models/m-07.toml:30: {message}")]);
    }
}

#[test]
fn a_condition_on_what_cannot_be_is_refused() {
    for (when, message) in [
        ("{ size = \"1\" }", "`when` names an unknown input \"size\""),
        ("{ shape = \"2:1\" }", "shape is never \"2:1\""),
        ("{ shape = true }", "`shape` must be a text, it is boolean"),
        ("{ prompt = \"x\" }", "`when` asks for prompt, which is no choice and no switch"),
        ("\"shape\"", "`when` must be a table, it is string"),
    ] {
        let row = format!("credits = 1.5\nwhen = {when}");
        broken("credits = 1.5", &row, &format!("31: {message}"));
    }
    let left_out = good().model("default = \"1:1\"\n", "");
    let told = left_out.model("credits = 1.5", "credits = 1.5\nwhen = { shape = \"1:1\" }").told();
    assert_eq!(told, ["models/m-07.toml:30: `when` names shape, which may be left out"]);
}

#[test]
fn a_unit_of_what_has_none_is_refused() {
    for (per, message) in [
        ("per = \"second\"", "31: `per` needs `of`"),
        ("per = \"minute\"\nof = \"prompt\"", "31: unknown per \"minute\""),
        ("of = \"prompt\"", "31: `of` needs `per`"),
        ("per = \"second\"\nof = \"size\"", "32: `of` names an unknown input \"size\""),
        ("per = \"second\"\nof = 5", "32: `of` must be a text, it is integer"),
        ("per = \"second\"\nof = \"prompt\"", "32: `of` names prompt, which has no seconds"),
        ("per = \"second\"\nof = \"shape\"", "32: `of` names shape, which is not always a number above zero"),
        ("per = \"1000 characters\"\nof = \"shape\"", "32: `of` names shape, which is no text"),
        (
            "per = \"1000 characters\"\nof = \"prompt\"\nby = \"shape\"",
            "33: `by` divides frames into seconds, not characters",
        ),
        (
            "up_to_px = 5\nfactor = \"size\"\npicture = \"prompt\"",
            "32: `factor` names an unknown input \"size\"",
        ),
        ("colour = 1", "31: unknown key `colour`"),
    ] {
        let told = good().model("credits = 1.5", &format!("credits = 1.5\n{per}")).told();
        assert!(told.contains(&format!("models/m-07.toml:{message}")), "{per}: {told:?}");
    }
}

#[test]
fn options_that_nothing_is_charged_for_are_refused() {
    let row = "credits = 1.5\nwhen = { shape = \"1:1\" }";
    broken("credits = 1.5", row, "29: nothing is charged for shape = \"auto\"");
}

#[test]
fn a_charge_that_is_never_reached_is_refused() {
    broken(
        "credits = 1.5\n",
        "credits = 1.5\n\n[[charges]]\ncredits = 2\n",
        "32: this charge can never be reached",
    );
    let twice = "credits = 1\nwhen = { shape = \"auto\" }\n\n[[charges]]\ncredits = 2\nwhen = { shape = \"auto\" }\n\n\
                 [[charges]]\ncredits = 3\n";
    broken("credits = 1.5\n", twice, "33: this charge can never be reached");
}

#[test]
fn the_cheapest_and_the_dearest_options_are_found() {
    let rows = "credits = 4\nwhen = { shape = \"auto\" }\n\n[[charges]]\ncredits = 300\n";
    let models = good().model("credits = 1.5\n", rows).compile().expect("good");
    let range = &models[7].range;
    assert_eq!(range.cheapest.credits, 4.into());
    assert_eq!(range.cheapest.options, [("shape".to_owned(), "auto".to_owned())]);
    assert_eq!(range.dearest.credits, 300.into());
    // 4 credits are 0.02 USD, the price list says 1.07.
    assert_eq!(models[7].least_usd, models[7].usd);
    assert!(MODEL.ends_with(ROW));
}

#[test]
fn charges_beyond_what_a_number_holds_are_refused() {
    let most = "79228162514264337593543950335";
    for row in [
        format!("credits = {most}"),
        format!("credits = {most}\nper = \"1000 characters\"\nof = \"prompt\""),
        "credits = 1000000001".to_owned(),
    ] {
        broken("credits = 1.5", &row, "29: more than 1000000000 credits are charged");
    }
}

#[test]
fn charges_that_ask_for_more_options_than_anybody_can_go_through_are_refused() {
    let input = |number: usize| {
        format!(
            "[[inputs]]\nname = \"b{number}\"\ntype = \"boolean\"\nrequired = true\nlabel.ru = \"a\"\n\
             label.en = \"a\"\nhelp.ru = \"a\"\nhelp.en = \"a\"\n"
        )
    };
    let row = |number: usize| format!("[[charges]]\ncredits = 1\nwhen = {{ b{number} = true }}\n");
    let inputs: String = (0..40).map(input).collect();
    let rows: String = (0..40).map(row).collect();
    let told = good().model(ROW, &format!("{inputs}{rows}{ROW}")).told();
    assert_eq!(told, ["models/m-07.toml:349: the charges ask for too many options at once"]);
}
