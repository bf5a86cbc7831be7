//! Whose the data directory is. Root can open it, and would leave files behind that the service, which
//! is not root, cannot: so a command that is run by root becomes the owner first, for good.

use super::Failure;
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use std::fs::{self, File};
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The owner of the directory, when that is somebody else than root and this process is root.
fn other(data_dir: &Path) -> Option<(Uid, Gid)> {
    if !geteuid().is_root() {
        return None;
    }
    // What cannot be looked at, or is not there yet, is opened as root, which says why not.
    let Ok(found) = fs::metadata(data_dir) else { return None };
    let (uid, gid) = (Uid::from_raw(found.uid()), Gid::from_raw(found.gid()));
    (!uid.is_root()).then_some((uid, gid))
}

/// Becomes the owner of the data directory, if this is root and it exists and is another's. There is no
/// way back: it comes after the settings are read and before anything is opened.
///
/// The way to the directory may be closed to its owner (systemd keeps those of a `DynamicUser` in
/// `/var/lib/private`, which only root may enter): then it goes on through a handle that root opened.
pub(super) fn become_owner(data_dir: &mut PathBuf) -> Result<(), Failure> {
    let Some((uid, gid)) = other(data_dir) else { return Ok(()) };
    let cannot = |why: io::Error| {
        let dir = data_dir.display();
        Failure::refused(format!("{dir} belongs to user {uid}, and root cannot become that user here: {why}"))
    };
    let handle = File::open(&*data_dir).map_err(cannot)?;
    let became = setgroups(&[gid]).and_then(|()| setgid(gid)).and_then(|()| setuid(uid));
    became.map_err(io::Error::from).map_err(cannot)?;
    if fs::metadata(&*data_dir).is_err() {
        // Open as long as this process lives.
        *data_dir = PathBuf::from(format!("/proc/self/fd/{}", handle.into_raw_fd()));
    }
    Ok(())
}

/// Why the service does not run as root on a directory of somebody else's: it would for years leave files
/// there that the owner cannot open, and unlike a command it may need root's ports.
pub(super) fn refuse_root(data_dir: &Path) -> Result<(), Failure> {
    let Some((uid, gid)) = other(data_dir) else { return Ok(()) };
    Err(Failure::refused(format!(
        "DATA_DIR {dir} belongs to user {uid}, and this is root, whose files that user could not open: start it \
         as that user (systemctl start samovar, or setpriv --reuid {uid} --regid {gid} --clear-groups samovar run)",
        dir = data_dir.display()
    )))
}
