//! The machine: room, rights, and what systemd makes of the unit.

use super::Line;
use crate::config::{self, Settings, Sources};
use crate::disk;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// So many files are looked at; media come and go.
const FILES: usize = 10_000;
/// A unit at most this exposed keeps what it promises, in tenths.
const EXPOSED_MOST: u32 = 12;

pub(super) fn room(settings: &Settings) -> Line {
    // Before the first start there is only the folder that it will be made in.
    let there = settings.data_dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    match disk::free_bytes(there) {
        Ok(free) if free < settings.min_free_disk_bytes => Line::fail(
            "disk",
            format!("{} MB are free, less than MIN_FREE_DISK", free >> 20),
            "make room: nothing is sold until then",
        ),
        Ok(free) => Line::ok("disk", format!("{} MB are free", free >> 20)),
        Err(error) => Line::fail("disk", error.to_string(), "see whether DATA_DIR is right"),
    }
}

/// The directory and everything in it belong to one user, and to nobody else's eyes.
pub(super) fn rights(dir: &Path) -> Line {
    let top = match fs::metadata(dir) {
        Ok(top) => top,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Line::ok("rights", "there is no data directory yet; the first start makes it");
        }
        Err(error) => return Line::fail("rights", format!("DATA_DIR: {error}"), OWNER),
    };
    let mut looked = 0;
    match odd(dir, &top, &mut looked) {
        Ok(None) => {
            Line::ok("rights", format!("the data directory and its {looked} files are their owner's alone"))
        }
        Ok(Some(line)) => line,
        Err((path, error)) => Line::fail("rights", format!("{}: {error}", disk::shown(&path)), OWNER),
    }
}

const OWNER: &str = "run this as the owner of DATA_DIR or as root; chown -R --reference=DATA_DIR DATA_DIR/ if files \
                     in it are another's";

/// The first thing in the folder that is not as it should be.
fn odd(dir: &Path, top: &Metadata, looked: &mut usize) -> Result<Option<Line>, (PathBuf, io::Error)> {
    let failed = |error| (dir.to_owned(), error);
    if top.permissions().mode() & 0o077 != 0 {
        return Ok(Some(Line::warn("rights", "others may read the data directory", "chmod 700 on DATA_DIR")));
    }
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // What went meanwhile is nobody's any more.
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        *looked += 1;
        if found.uid() != top.uid() {
            let says = format!(
                "{} belongs to user {}, the directory to user {}: the service cannot open it",
                disk::shown(&path),
                found.uid(),
                top.uid()
            );
            return Ok(Some(Line::fail("rights", says, OWNER)));
        }
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            let says = format!("others may read {}", disk::shown(&path));
            return Ok(Some(Line::warn("rights", says, "chmod 600 on it")));
        }
        if found.is_dir()
            && *looked < FILES
            && let Some(line) = odd(&path, &found, looked)?
        {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

/// Keys in a file that everybody can read are everybody's.
pub(super) fn secrets(sources: &Sources) -> Line {
    let Some(file) = &sources.file else { return Line::ok("secrets", "they stand in no settings file") };
    let (shown, _) = config::show(sources);
    let holds = shown.iter().any(|one| one.is_secret && one.from == "settings file");
    match fs::metadata(file) {
        Ok(found) if holds && found.is_file() && found.permissions().mode() & 0o007 != 0 => Line::warn(
            "secrets",
            format!("everybody on this machine may read {}, which holds your keys", file.display()),
            "chmod 600 on it (or 640, with the service's group)",
        ),
        Ok(_) if holds => Line::ok("secrets", format!("{} is not for everybody", file.display())),
        Ok(_) => Line::ok("secrets", "they stand in no settings file"),
        Err(error) => {
            Line::warn("secrets", error.to_string(), "see whether the settings file is the right one")
        }
    }
}

/// What `systemd-analyze` makes of the unit, where both are installed.
pub(super) fn systemd() -> Line {
    let analyzed = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--no-pager", "samovar.service"])
        .env("SYSTEMD_COLORS", "0")
        .output();
    let said = match &analyzed {
        Ok(output) => String::from_utf8_lossy(&output.stdout),
        // Most likely it is not installed.
        Err(_) => "".into(),
    };
    match exposure(&said) {
        None => Line::ok("systemd", "no unit samovar.service is installed here"),
        Some((score, tenths)) if tenths > EXPOSED_MOST => Line::warn(
            "systemd",
            format!("the unit's exposure is {score}; ours has at most 1.2"),
            "take systemd/samovar.service as it is, and put what you need into a drop-in (systemctl edit samovar)",
        ),
        Some((score, _)) => {
            Line::ok("systemd", format!("the unit's exposure is {score} (0 is none, 10 is all)"))
        }
    }
}

/// The number on the last line, and the same in tenths.
fn exposure(said: &str) -> Option<(&str, u32)> {
    let line = said.lines().find(|line| line.contains("Overall exposure level"))?;
    let score = line.rsplit_once(": ")?.1.split_whitespace().next()?;
    let (whole, tenth) = score.split_once('.').unwrap_or((score, "0"));
    let whole: u32 = whole.parse().ok()?;
    let tenth: u32 = tenth.parse().ok()?;
    Some((score, whole * 10 + tenth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_read_from_the_last_line() {
        let said = "  NAME\n✓ User=\n\n→ Overall exposure level for samovar.service: 1.1 OK 🙂\n";
        assert_eq!(exposure(said), Some(("1.1", 11)));
        assert_eq!(
            exposure("→ Overall exposure level for samovar.service: 10.0 DANGEROUS"),
            Some(("10.0", 100))
        );
        assert_eq!(exposure("Unit samovar.service not found.\n"), None);
    }
}
