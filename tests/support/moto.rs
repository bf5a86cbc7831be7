//! A real S3 server of its own for a test: `moto_server`, which `pip install 'moto[server]'` brings.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// The server, as long as this lives, with one bucket.
pub(crate) struct Moto {
    child: Child,
    pub(crate) endpoint: String,
}

pub(crate) const BUCKET: &str = "samovar-backups";

impl Moto {
    /// # Panics
    /// When `moto_server` is not installed.
    pub(crate) async fn start() -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let child = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("no S3 server can be started ({error}): pip install 'moto[server]'")
            });
        let moto = Self { child, endpoint: format!("http://127.0.0.1:{port}") };
        moto.make_bucket().await;
        moto
    }

    async fn make_bucket(&self) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let made = async {
            loop {
                match client.put(format!("{}/{BUCKET}", self.endpoint)).send().await {
                    Ok(answer) if answer.status().is_success() => return,
                    Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        let made = tokio::time::timeout(PATIENCE, made).await;
        assert!(made.is_ok(), "moto_server makes no bucket in {PATIENCE:?}: does it run?");
    }

    /// It goes away.
    pub(crate) fn stop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().expect("it ends");
        }
    }

    /// What the service must be told to find it.
    pub(crate) fn settings(&self, prefix: &str) -> Vec<(&'static str, String)> {
        vec![
            ("BACKUP_TO", format!("s3://{BUCKET}/{prefix}")),
            ("BACKUP_S3_ENDPOINT", self.endpoint.clone()),
            ("BACKUP_S3_KEY_ID", "TESTKEY".to_owned()),
            ("BACKUP_S3_SECRET", "planted-secret".to_owned()),
        ]
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.stop();
    }
}
