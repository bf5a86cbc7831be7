//! The demo: the real binary plays it to its end, and says so when something is not as it should be.

use samovar::cli::demo::{self, Failed, Stage};
use samovar::sandbox::kie::Script;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_samovar");

/// Runs `samovar demo` in a folder whose settings would break it, if it read them.
fn demo(args: &[&str], dir: &Path, stdout: Stdio) -> Output {
    std::fs::write(dir.join("samovar.toml"), "NOT_A_SETTING = [").expect("written");
    let temporary = dir.join("tmp");
    std::fs::create_dir(&temporary).expect("a directory");
    let output = Command::new(PROGRAM)
        .arg("demo")
        .args(args)
        .current_dir(dir)
        .env("TELEGRAM_BOT_TOKEN", "nonsense")
        .env("DATA_DIR", dir.join("data"))
        .env("LISTEN", "nonsense")
        .env("TMPDIR", &temporary)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
        .wait_with_output()
        .expect("an end");
    assert!(!dir.join("data").exists(), "the operator's data directory is left alone");
    let left: Vec<_> = std::fs::read_dir(temporary).expect("readable").collect();
    assert!(left.is_empty(), "nothing is left behind: {left:?}");
    output
}

async fn fails(change: impl FnOnce(&mut Stage)) -> (Failed, String) {
    let mut stage = Stage::set(PROGRAM.into()).await.expect("a stage");
    change(&mut stage);
    let mut out = Vec::new();
    let failed = demo::play(stage, &mut out).await.expect_err("it fails");
    (failed, String::from_utf8(out).expect("text"))
}

#[test]
fn the_script_is_played_to_its_end_whatever_the_settings() {
    let dir = TempDir::new().expect("a directory");
    let output = demo(&["--script"], dir.path(), Stdio::piped());
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    assert!(out.contains("expectations held") && !out.contains('✗'), "{out}");
    assert!(!out.contains('\u{1b}'), "plain when it is no terminal: {out}");
    assert_eq!(err, "");
}

#[test]
fn when_the_demo_cannot_go_on_its_exit_code_is_1() {
    let dir = TempDir::new().expect("a directory");
    let full = File::options().write(true).open("/dev/full").expect("a full disk");
    let output = demo(&["--script"], dir.path(), full.into());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("✗ the demo cannot go on"));
}

#[test]
fn without_script_it_says_what_there_is() {
    let dir = TempDir::new().expect("a directory");
    let output = demo(&[], dir.path(), Stdio::piped());
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), err.lines().count()), (Some(2), 1), "{err}");
    assert!(err.contains("samovar demo --script"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kie_that_fails_fails_the_demo_which_says_what_was_expected_and_what_came() {
    let refuses = Script::fails("500", "The generation failed.");
    let (failed, out) = fails(|stage| stage.sandbox.kie.act(|kie, _| kie.by_default(refuses))).await;
    let Failed::Expectation { what, expected, came, .. } = &failed else { panic!("{failed}") };
    assert_eq!(
        (what.as_str(), expected.as_str(), came.as_str()),
        ("one photo came", "(true, 1)", "(false, 0)")
    );
    assert!(
        failed.to_string().starts_with("✗ one photo came\n  expected: (true, 1)\n  came:     (false, 0)")
    );
    assert!(out.contains("✓ the bot greets her by name"), "what held before is told: {out}");
    assert!(out.contains("❌ Генерация не удалась") && !out.contains("✓ one photo came"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_ends_by_itself_fails_the_demo_at_once() {
    let (failed, _) = fails(|stage| stage.program = "/bin/false".into()).await;
    assert!(matches!(&failed, Failed::Died { .. }), "{failed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_not_there_fails_the_demo() {
    let (failed, _) = fails(|stage| stage.program = "/nowhere/samovar".into()).await;
    assert!(matches!(&failed, Failed::Io(_)), "{failed}");
}
