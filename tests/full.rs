//! A real disk that fills up under the real binary in the middle of sales: selling and intake stop, then
//! writes fail, then there is room again, and everything goes on by itself. Nothing acknowledged is lost,
//! nothing is repaired.
//!
//! It needs a small tmpfs, which only root may mount; without one it says so, and the same on a disk in
//! memory (`store::tests::disk`) has to do.

use crate::binary::{ANN, Service, json};
use crate::support::tell;
use samovar::sandbox::telegram::World;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

const SIZE_MIB: u64 = 48;
const MIN_FREE: &str = "16MB";
const SECRET: &str = "full";
/// The free disk is looked at every 10 s, and a closed file opened again within 30.
const PATIENCE: Duration = Duration::from_secs(120);

/// A small disk, as long as this lives.
pub(crate) struct Disk {
    dir: TempDir,
    ballast: u32,
}

impl Disk {
    /// `None` when this process may not mount.
    pub(crate) fn mount(mib: u64) -> Option<Self> {
        let dir = TempDir::new().expect("a directory");
        let options = format!("size={mib}m,mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(dir.path()).output();
        let why = match mounted {
            Ok(output) if output.status.success() => return Some(Self { dir, ballast: 0 }),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        tell(&format!("full: no real disk was filled, for no tmpfs can be mounted here: {why}"));
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn ballast(&self, number: u32) -> PathBuf {
        self.path().join(format!("ballast-{number}"))
    }

    /// Puts so much on it that only `leave` bytes are free.
    fn fill(&mut self, leave: u64) {
        self.ballast += 1;
        let mut file = File::create(self.ballast(self.ballast)).expect("a file");
        let page = [0u8; 4_096];
        loop {
            let disk = rustix::fs::statvfs(self.path()).expect("a disk");
            if disk.f_bavail * disk.f_frsize <= leave {
                return;
            }
            match file.write_all(&page) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Takes all of that away again.
    fn make_room(&mut self) {
        for number in 1..=self.ballast {
            fs::remove_file(self.ballast(number)).expect("removed");
        }
        self.ballast = 0;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = |how: &[&str]| Command::new("umount").args(how).arg(self.dir.path()).output();
        let gone = |output: std::io::Result<Output>| output.is_ok_and(|output| output.status.success());
        if !gone(unmount(&[])) && !gone(unmount(&["-l"])) {
            tell(&format!("full: {} is still mounted", self.dir.path().display()));
        }
    }
}

/// Waits until `/readyz` answers so; gives what it says.
async fn ready(service: &Service, wanted: u16) -> String {
    let asked = async {
        loop {
            let (status, text) = service.get(service.port, "/readyz").await;
            if status == wanted {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|late| panic!("{late}: /readyz is not {wanted}"))
}

async fn gets_media(service: &Service, count: usize) {
    let there = |world: &World| {
        let chat = world.chat(ANN)?;
        let media = chat.messages.values().filter(|one| one.from.is_none() && one.media.is_some()).count();
        (media == count).then_some(())
    };
    let got = service.sandbox.telegram.wait(there, PATIENCE).await;
    assert!(got.is_ok(), "{count} pictures: {}", service.log());
}

/// Posts an update of nobody we know, as Telegram does; gives the status.
async fn post_update(service: &Service, number: u64) -> u16 {
    let body = format!(
        r#"{{"update_id": {number}, "message": {{"message_id": 1, "date": 1, "text": "/start",
        "chat": {{"id": 1002, "type": "private"}}, "from": {{"id": 1002, "is_bot": false, "first_name": "B"}}}}}}"#
    );
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let post = client.post(format!("http://127.0.0.1:{}/webhook", service.port)).body(body);
    let post = post.header("X-Telegram-Bot-Api-Secret-Token", SECRET).send();
    post.await.expect("an answer").status().as_u16()
}

/// An operator gives Ann roubles, one at a time, until that failed three times: how often it was done,
/// and how often nobody knows.
async fn credit_until_it_fails(service: &Service) -> (u64, u64) {
    let reason = "перевод с карты ".repeat(25);
    let (mut done, mut failed, mut unknown) = (0, 0, 0);
    for _ in 0..400 {
        let output = service.samovar(&["wallet", "credit", "1001", "1", "--reason", reason.trim()]).await;
        if output.status.success() {
            done += 1;
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let why = String::from_utf8_lossy(&output.stderr);
        failed += 1;
        if !why.contains("nothing was changed") {
            assert!(why.contains("cannot be used now"), "{why}");
            unknown += 1;
        }
        if failed == 3 {
            return (done, unknown);
        }
    }
    panic!("the disk is full, and {done} credits were written to it");
}

fn kopecks(roubles: &str) -> u64 {
    roubles.replace('.', "").parse().expect("an amount with two decimals")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_under_sales_stops_them_and_loses_nothing() {
    let Some(mut disk) = Disk::mount(SIZE_MIB) else { return };
    let settings = [("MIN_FREE_DISK", MIN_FREE), ("TELEGRAM_WEBHOOK_SECRET_TOKEN", SECRET)];
    let dir = TempDir::new().expect("a directory");
    let service = Service::start_in(dir, disk.path().join("data"), true, &settings).await;
    service.orders("самовар").await;
    gets_media(&service, 1).await;

    // Little room: nothing is sold or taken in, what was taken ends, and reading goes on.
    service.orders("sandbox:slow").await;
    let made = |kie: &samovar::sandbox::kie::World| (kie.tasks().len() == 2).then_some(());
    service.sandbox.kie.wait(made, PATIENCE).await.expect("the second order");
    disk.fill(8 << 20);
    let why = ready(&service, 503).await;
    assert!(why.contains("MIN_FREE_DISK"), "{why}");
    assert_eq!(post_update(&service, 990_001).await, 503, "Telegram keeps it");
    gets_media(&service, 2).await;
    assert_eq!(json(&service.samovar(&["audit", "--json"]).await)["ok"], true);

    // No room at all: writes fail, and whoever wanted one is told.
    disk.fill(0);
    let (done, unknown) = credit_until_it_fails(&service).await;
    assert_eq!(service.get(service.port, "/healthz").await.0, 200);
    assert_eq!(post_update(&service, 990_001).await, 503, "Telegram keeps it");

    // Room again: all goes on by itself.
    disk.make_room();
    ready(&service, 200).await;
    assert_eq!(post_update(&service, 990_001).await, 200);
    service.orders("чайник").await;
    gets_media(&service, 3).await;
    let report = json(&service.samovar(&["audit", "--json"]).await);
    assert_eq!(report["ok"], true, "{report}");
    let wallet = json(&service.samovar(&["wallet", "show", "1001", "--json"]).await);
    let sold = kopecks("0.76") * 3;
    let has = kopecks(wallet["available"].as_str().expect("an amount")) + sold;
    let least = kopecks("1000.00") + done * 100;
    assert!((least..=least + unknown * 100).contains(&has), "{done} done, {unknown} unknown: {wallet}");
    let log = service.log();
    assert!(log.contains("the database is open again"), "no write failed: {log}");
    let names = fs::read_dir(&service.data).expect("a directory");
    let names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
    let repaired = |name: &std::ffi::OsString| name.to_string_lossy().contains("redb.");
    assert!(!names.iter().any(repaired), "nothing is repaired: {names:?}");
    tell(&format!("full: {done} credits acknowledged on a disk that filled up, {unknown} in doubt"));
    drop(service);
}
