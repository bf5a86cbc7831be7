//! TLS without a proxy, with the real binary: a certificate of our own that Telegram is given, and one by
//! ACME from `pebble` (Debian's package of that name).

use crate::binary::{ANN, Service};
use crate::support::{ADMIN, Mode, TestApp};
use samovar::config::Tls;
use samovar::sandbox::telegram::World;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The service speaking TLS, by webhook or by polling.
async fn start(webhook: bool, settings: &[(&str, &str)]) -> Service {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    Service::start_for(ANN, dir, data, webhook, settings).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telegram_is_given_our_own_certificate_and_a_sale_goes_over_it() {
    let service = start(true, &[("TLS", "self-signed")]).await;
    let webhook = service.sandbox.telegram.look(|world: &World| world.webhook().cloned()).expect("set");
    assert!(webhook.url.starts_with("https://127.0.0.1:"), "{webhook:?}");
    let certificate = webhook.certificate.expect("given along");
    assert!(!String::from_utf8_lossy(&certificate).contains("PRIVATE"), "the certificate, not the key");
    let set = service.sandbox.telegram.look(|world| {
        world.seen().iter().find(|call| call.method == "setwebhook").map(|call| call.params.clone())
    });
    assert_eq!(set.expect("a call")["ip_address"], "127.0.0.1", "nothing is to be looked up");
    service.orders("самовар").await;
    service.sees("Списано").await;
    let callbacks = service
        .sandbox
        .kie
        .look(|kie| kie.tasks().values().filter(|task| task.callback_url.is_some()).count());
    assert_eq!(callbacks, 0, "KIE trusts no such certificate, so it is not asked to call");

    // Whoever speaks plain HTTP there is sent away at once; probes have the operator's port.
    let mut plain = TcpStream::connect(("127.0.0.1", service.port)).await.expect("connected");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(3), plain.read_to_end(&mut answer)).await;
    assert!(closed.is_ok() && !answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(service.get(service.admin_port, "/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(service.samovar(&["healthcheck"]).await.status.code(), Some(0), "by the socket for commands");
    let client = reqwest::Client::builder().use_rustls_tls().no_proxy().build().expect("a client");
    let stranger = client.get(format!("https://127.0.0.1:{}/healthz", service.port)).send().await;
    assert!(stranger.is_err_and(|error| error.is_connect()), "nobody else trusts it");
}

#[test]
fn a_build_or_an_address_that_cannot_do_it_is_told_in_one_line() {
    for (settings, says) in [
        (&[("TLS", "self-signed")][..], "WEBHOOK_BASE_URL is missing"),
        (&[("TLS", "self-signed"), ("WEBHOOK_BASE_URL", "http://127.0.0.1:8443")], "must be https://"),
        (&[("TLS", "self-signed"), ("WEBHOOK_BASE_URL", "https://203.0.113.7:9000")], "443, 80, 88 or 8443"),
        #[cfg(not(feature = "acme"))]
        (&[("TLS", "acme"), ("DOMAIN", "bot.example.com")], "--features acme"),
        #[cfg(feature = "acme")]
        (&[("TLS", "acme"), ("DOMAIN", "203.0.113.7")], "must be the name"),
        #[cfg(feature = "acme")]
        (
            &[("TLS", "acme"), ("DOMAIN", "a.example"), ("WEBHOOK_BASE_URL", "https://b.example")],
            "must be the host of",
        ),
    ] {
        let dir = TempDir::new().expect("a directory");
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_samovar"))
            .args(["--config", "/dev/null", "run"])
            .env_clear()
            .env("DATA_DIR", dir.path().join("data"))
            .env("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
            .env("KIE_API_KEY", "a-key")
            .env("ADMIN_IDS", "900")
            .envs(settings.iter().copied())
            .output()
            .expect("it runs");
        let said = String::from_utf8(ran.stderr).expect("text");
        assert_eq!((ran.status.code(), said.lines().count()), (Some(2), 1), "{settings:?}: {said}");
        assert!(said.contains(says), "{settings:?}: {said}");
    }
}

/// A start with TLS that must fail.
fn fails(data: &std::path::Path, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    ran(&["run"], data, settings)
}

fn ran(arguments: &[&str], data: &std::path::Path, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_samovar"))
        .args(["--config", "/dev/null"])
        .args(arguments)
        .env_clear()
        .envs([("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), ("KIE_API_KEY", "a-key")])
        .envs([("ADMIN_IDS", "900"), ("RUST_LOG", "error")])
        .env("DATA_DIR", data)
        .envs(settings.iter().copied())
        .output()
        .expect("it runs");
    (ran.status.code(), String::from_utf8(ran.stderr).expect("text"))
}

#[test]
fn a_disk_that_does_not_give_the_certificate_is_tried_again_and_a_wrong_setting_is_not() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("tls.pem")).expect("made");
    let own = [("TLS", "self-signed"), ("WEBHOOK_BASE_URL", "https://203.0.113.7:8443")];
    let (code, said) = fails(&data, &own);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "systemd tries again: {said}");
    assert!(said.contains("TLS cannot be set up: Is a directory"), "{said}");
    assert_eq!(ran(&["config", "check"], &data, &own).0, Some(0), "that is no setting's fault");
    if cfg!(feature = "acme") {
        let roots = dir.path().join("roots.pem").display().to_string();
        let acme = [("TLS", "acme"), ("DOMAIN", "bot.example.com"), ("ACME_ROOTS", roots.as_str())];
        assert_eq!(fails(&data, &acme).0, Some(1), "a file that is not there yet");
        std::fs::write(&roots, "no certificate").expect("written");
        let (code, said) = fails(&data, &acme);
        assert_eq!(code, Some(2), "no start mends that: {said}");
        assert!(said.contains("ACME_ROOTS"), "{said}");
        assert_eq!(ran(&["config", "check"], &data, &acme), (code, said), "checked as at a start");
        assert!(!data.join("acme").exists(), "and nothing is made");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_hear_ten_days_before_the_end_of_a_certificate_that_nothing_renews() {
    // With polling nobody is given it, and so nothing makes a new one while the service runs.
    let app = TestApp::start_with(Mode::Polling, |settings| settings.tls = Tls::SelfSigned).await;
    let operator = app.user(ADMIN);
    operator.sends("/start").sees("Самовар").await;
    let day = Duration::from_secs(24 * 3600);
    app.skip(day * 718);
    operator.sends("/menu").sees("Самовар").await;
    app.skip(day * 3);
    let told = operator.sees("Сертификат адреса бота скоро закончится").await;
    assert!(told.text.contains("2028-"), "{}", told.text);
}

#[cfg(feature = "acme")]
mod acme {
    //! The whole way to a certificate.

    use super::*;
    use serde_json::json;
    use std::fs;
    use std::net::TcpListener;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port()
    }

    /// An ACME server that looks at this port whether the name is ours.
    struct Pebble(Child);

    impl Pebble {
        fn start(dir: &Path, port: u16, management: u16, looks_at: u16) -> Self {
            let config = json!({"pebble": {
                "listenAddress": format!("127.0.0.1:{port}"),
                "managementListenAddress": format!("127.0.0.1:{management}"),
                "certificate": dir.join("acme.pem"), "privateKey": dir.join("acme.key"),
                "httpPort": 1, "tlsPort": looks_at,
            }});
            fs::write(dir.join("pebble.json"), config.to_string()).expect("written");
            let child = Command::new("pebble")
                .arg("-config")
                .arg(dir.join("pebble.json"))
                .env("PEBBLE_VA_NOSLEEP", "1")
                .env("PEBBLE_WFE_NONCEREJECT", "0")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            Self(child.unwrap_or_else(|error| {
                panic!("pebble does not start ({error}): apt-get install --no-install-recommends pebble")
            }))
        }
    }

    impl Drop for Pebble {
        fn drop(&mut self) {
            if self.0.kill().is_ok() {
                self.0.wait().expect("it ends");
            }
        }
    }

    async fn until(what: &str, is: impl Fn() -> bool) {
        let wait = async {
            while !is() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), wait).await.is_ok(), "{what} did not come");
    }

    fn client(trusted: &str) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(trusted.as_bytes()).expect("a certificate");
        let client = reqwest::Client::builder().use_rustls_tls().no_proxy().tls_built_in_root_certs(false);
        client.add_root_certificate(root).build().expect("a client")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_certificate_is_asked_for_until_it_comes_and_kept() {
        let dir = TempDir::new().expect("a directory");
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("good");
        let own = params.self_signed(&key).expect("a certificate").pem();
        fs::write(dir.path().join("acme.pem"), &own).expect("written");
        fs::write(dir.path().join("acme.key"), key.serialize_pem()).expect("written");
        let (port, management) = (free_port(), free_port());
        let roots = dir.path().join("acme.pem").display().to_string();
        let directory = format!("https://localhost:{port}/dir");
        let settings = [
            ("TLS", "acme"),
            ("DOMAIN", "localhost"),
            ("ACME_EMAIL", "me@example.com"),
            ("ACME_DIRECTORY", directory.as_str()),
            ("ACME_ROOTS", roots.as_str()),
            ("BOT_MODE", "polling"),
        ];
        // Nobody gives certificates yet: customers are served all the same.
        let service = start(false, &settings).await;
        service.orders("самовар").await;
        service.sees("Списано").await;
        until("the line about the outage", || service.log().contains("no certificate by ACME")).await;

        let _pebble = Pebble::start(dir.path(), port, management, service.port);
        until("the certificate", || service.log().contains("there is a certificate by ACME")).await;
        let root = client(&own).get(format!("https://localhost:{management}/roots/0")).send().await;
        let root = root.expect("pebble answers").text().await.expect("a certificate");
        let health = client(&root).get(format!("https://localhost:{}/healthz", service.port)).send().await;
        assert_eq!(health.expect("trusted").text().await.expect("a text"), "ok\n");
        let ends = "\nsamovar_certificate_expires_timestamp_seconds 1";
        let seen = async { while !service.get(service.admin_port, "/metrics").await.1.contains(ends) {} };
        assert!(tokio::time::timeout(Duration::from_secs(60), seen).await.is_ok(), "its end is no figure");
        let outages = service.log().matches("asking again, less and less often").count();
        assert_eq!(outages, 1, "an outage is logged once");
        let kept = fs::read_dir(service.data.join("acme")).expect("a folder").count();
        assert!(kept >= 2, "account and certificate are kept: {kept}");
    }
}
