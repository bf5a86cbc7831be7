//! Sockets that systemd opened for us (`systemd/samovar.socket`): they outlive the process, so that
//! nobody who calls during a restart is refused, and may have ports for which we lack the right.

use super::StartError;
use listenfd::ListenFd;
use std::env;
use std::net::TcpListener;

/// What was passed, by its name (`FileDescriptorName=`).
#[derive(Debug, Default)]
pub struct Passed {
    /// Takes the place of `LISTEN`: called `public`, or anything but `admin`.
    pub public: Option<TcpListener>,
    /// Takes the place of `ADMIN_LISTEN`: called `admin`.
    pub admin: Option<TcpListener>,
}

impl Passed {
    /// Takes them over. To be called once, before there are threads: it also takes them out of the
    /// environment.
    pub fn take() -> Result<Self, StartError> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_else(|_| String::new());
        let mut names = names.split(':');
        let mut sockets = ListenFd::from_env();
        let mut passed = Self::default();
        for index in 0..sockets.len() {
            let unusable =
                |why| StartError::Settings(format!("a socket that was passed is none for us: {why}"));
            let socket = sockets.take_tcp_listener(index).map_err(unusable)?;
            let is_admin = names.next() == Some("admin");
            let (place, name) =
                if is_admin { (&mut passed.admin, "admin") } else { (&mut passed.public, "public") };
            if place.is_some() {
                return Err(StartError::Settings(format!(
                    "two sockets called {name} were passed and there is one port: \
                     one ListenStream= without an address takes IPv4 and IPv6"
                )));
            }
            if let Some(socket) = &socket {
                socket.set_nonblocking(true).map_err(unusable)?;
            }
            *place = socket;
        }
        Ok(passed)
    }
}
