//! The README's own commands, as a newcomer types them: its blocks are taken from the page and run by a shell,
//! in their order, against a Telegram and a KIE of our own, from the first run to the lost machine and the move
//! of the old bot's customers.

use crate::binary::free_port;
use samovar::sandbox::telegram::Bot;
use samovar::sandbox::{self, Sandbox, kie};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const README: &str = include_str!("../README.md");
const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Who tries the blocks of a chapter: this file, or what else.
const TRIED: &[(&str, &str)] = &[
    ("See it", ".ci/run, which runs these very lines"),
    ("First run", "here"),
    ("Day by day", "here"),
    ("Back up and restore", "here"),
    ("Move from the old bot", "here; its first block by tests/oldbot.sh, with a real PostgreSQL"),
    ("Packages and archives", "step by step by tests/package.sh, on a machine with a systemd of its own"),
    ("As a service", "step by step by tests/package.sh"),
    ("In a container", "by hand, as far as there is an engine"),
    ("To be watched", "the rules by tests/watched.rs; the lines by hand"),
    ("How it is tested", ".ci/run; the last one by hand"),
];

/// A shell in which `samovar` is the binary, tries its keys at the sandbox, and runs in the background.
const SHELL: &str = r#"
set -euo pipefail
ready() {
    local tries
    for tries in $(seq 200); do
        if command samovar healthcheck >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    cat log >&2
    return 1
}
samovar() {
    case $1 in
        init) command samovar "$@" --telegram-api-url "$TELEGRAM_API_URL" --kie-base-url "$KIE_BASE_URL" ;;
        run)
            command samovar run >>log 2>&1 &
            echo $! >pid
            ready
            ;;
        *) command samovar "$@" ;;
    esac
}
"#;

/// The blocks for a shell, each with the chapter it is in.
fn blocks() -> Vec<(&'static str, String)> {
    let (mut chapter, mut open, mut found) = ("", false, Vec::new());
    for line in README.lines() {
        match line {
            "```sh" => {
                open = true;
                found.push((chapter, String::new()));
            }
            "```" => open = false,
            _ if open => {
                let block = &mut found.last_mut().expect("it was opened").1;
                block.push_str(line);
                block.push('\n');
            }
            _ if line.starts_with("## ") || line.starts_with("### ") => {
                chapter = line.trim_start_matches('#').trim();
            }
            _ => {}
        }
    }
    found
}

/// The blocks of a chapter.
fn chapter(name: &str) -> Vec<String> {
    let of: Vec<_> = blocks().into_iter().filter(|(of, _)| *of == name).map(|(_, block)| block).collect();
    assert!(!of.is_empty(), "README.md has no commands in {name}");
    of
}

/// A folder, and the world outside.
struct Newcomer {
    home: TempDir,
    sandbox: Sandbox,
    port: u16,
    admin_port: u16,
}

impl Newcomer {
    async fn new() -> Self {
        let bot = Bot { token: TOKEN.to_owned(), retry_scale_permille: 20, ..Bot::default() };
        let sandbox = Sandbox::start(sandbox::Settings { bot, ..sandbox::Settings::default() });
        let sandbox = sandbox.await.expect("a sandbox");
        let home = TempDir::new().expect("a folder");
        fs::write(home.path().join("token"), TOKEN).expect("written");
        fs::write(home.path().join("key"), kie::Account::default().api_key).expect("written");
        Self { home, sandbox, port: free_port(), admin_port: free_port() }
    }

    /// Types some lines, and gives what they said.
    async fn types(&self, lines: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_samovar"));
        let path = format!("{}:/usr/bin:/bin", binary.parent().expect("a folder").display());
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(format!("{SHELL}{lines}")).env_clear().current_dir(self.home.path());
        shell.env("PATH", path).env("HOME", self.home.path());
        shell.env("TELEGRAM_API_URL", self.sandbox.telegram_url());
        shell.env("KIE_BASE_URL", self.sandbox.kie_url()).env("KIE_UPLOAD_URL", self.sandbox.kie_url());
        shell.env("LISTEN", format!("127.0.0.1:{}", self.port));
        shell.env("ADMIN_LISTEN", format!("127.0.0.1:{}", self.admin_port));
        shell.env("BACKUP_TO", self.home.path().join("elsewhere"));
        let ran: Output =
            tokio::task::spawn_blocking(move || shell.output()).await.expect("no panic").expect("bash");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{lines}\nsaid:\n{said}\n{}", String::from_utf8_lossy(&ran.stderr));
        said
    }

    async fn dies(&self) {
        self.types("kill -9 $(cat pid)\nwhile kill -0 $(cat pid) 2>/dev/null; do sleep 0.01; done\nrm pid")
            .await;
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        // A test that failed leaves no service behind.
        if let Ok(pid) = fs::read_to_string(self.home.path().join("pid")) {
            drop(Command::new("kill").args(["-9", pid.trim()]).status());
        }
    }
}

#[test]
fn every_block_of_the_readme_is_tried_by_somebody() {
    let there: BTreeSet<_> = blocks().into_iter().map(|(chapter, _)| chapter).collect();
    let known: BTreeSet<_> = TRIED.iter().map(|(chapter, _)| *chapter).collect();
    assert_eq!(there, known, "chapters with commands, and those that TRIED knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_run_to_the_lost_machine_by_the_readmes_own_commands() {
    let newcomer = Newcomer::new().await;
    for block in chapter("First run").into_iter().chain(chapter("Day by day")) {
        newcomer.types(&block).await;
    }
    let wallet = newcomer.types("samovar wallet show 4242 --json").await;
    assert!(wallet.contains("\"available\":\"100.00\""), "{wallet}");
    newcomer.dies().await;
    fs::remove_dir_all(newcomer.home.path().join("data")).expect("the machine is gone");
    for block in chapter("Back up and restore") {
        newcomer.types(&block).await;
    }
    assert_eq!(newcomer.types("samovar wallet show 4242 --json").await, wallet, "as it was before");
    newcomer.dies().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_bots_customers_come_by_the_readmes_own_commands() {
    let newcomer = Newcomer::new().await;
    let keep = |name: &str, text: &str| fs::write(newcomer.home.path().join(name), text).expect("written");
    keep(
        "users.csv",
        "user_id,username,first_name,role,locale,created_at,last_seen_at,metadata\n\
         77,ann,Анна,user,ru,2025-01-02 03:04:05,,{}\n",
    );
    keep("wallets.csv", "user_id,balance_rub,hold_rub,updated_at\n77,200.00,0.00,2025-01-02 03:04:05\n");
    keep(
        "ledger.csv",
        "id,user_id,kind,amount_rub,status,ref,meta,created_at\n\
         1,77,topup,200.00,done,welcome_77,{},2025-01-02 03:04:05\n",
    );
    keep(
        "jobs.csv",
        "id,user_id,model_id,category,input_json,price_rub,status,kie_task_id,kie_status,result_json,\
         error_text,idempotency_key,created_at,updated_at,finished_at\n",
    );
    for block in chapter("Move from the old bot").into_iter().filter(|block| !block.contains("psql")) {
        newcomer.types(&block).await;
    }
    let wallet = newcomer.types("samovar wallet show 77 --json").await;
    assert!(wallet.contains("\"available\":\"0.00\"") && wallet.contains("legacy_migration"), "{wallet}");
    newcomer.types("samovar audit").await;
}
