//! The stores that are measured, one file each.

mod cluster;
mod fjall;
mod postgres;
mod redb;
mod samovar;
mod sqlite;

use crate::order::{Order, Sizes, Totals};
use crate::run::{Door, Running};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use tokio::runtime::Runtime;

pub(crate) use postgres::Pool;
pub(crate) use samovar::place;

/// A store with one writer.
pub(crate) trait Peer: Send {
    /// Makes the wallets, and a past of so many orders with two rows of the ledger each.
    fn fill(&mut self, past: i64);
    /// Places the orders in one transaction that is on disk when this returns.
    fn place(&mut self, orders: &[Order]);
    /// What is in it.
    fn totals(&mut self) -> Totals;
}

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Samovar,
    Redb,
    Sqlite,
    Postgres,
    Fjall,
}

/// How its orders become transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// All that wait for the writer go into one.
    Together,
    /// The writer commits each alone.
    Alone,
    /// Each alone, and redb may read the whole file at the start after a kill.
    AloneWithoutQuickRepair,
    /// Each alone, on up to 64 connections.
    Pool,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender {
    /// For `--only`.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    way: Way,
}

const fn contender(name: &'static str, label: &'static str, kind: Kind, way: Way) -> Contender {
    Contender { name, label, kind, way }
}

/// The first is what the others are compared with.
pub(crate) const CONTENDERS: [Contender; 9] = [
    contender("samovar", "Samovar", Kind::Samovar, Way::Together),
    contender("redb", "redb, a commit an act", Kind::Redb, Way::Alone),
    contender(
        "redb-no-quick-repair",
        "redb, a commit an act, no quick repair",
        Kind::Redb,
        Way::AloneWithoutQuickRepair,
    ),
    contender("redb-batched", "redb, batched as ours", Kind::Redb, Way::Together),
    contender("sqlite", "SQLite, a transaction an act", Kind::Sqlite, Way::Alone),
    contender("sqlite-batched", "SQLite, batched as ours", Kind::Sqlite, Way::Together),
    contender("postgres-pool", "PostgreSQL, 64 connections", Kind::Postgres, Way::Pool),
    contender("postgres-batched", "PostgreSQL, batched as ours", Kind::Postgres, Way::Together),
    contender("fjall-batched", "fjall, batched as ours", Kind::Fjall, Way::Together),
];

/// A store on the disk with its past, and what was placed in it since.
pub(crate) struct Filled {
    pub(crate) kind: Kind,
    dir: PathBuf,
    sizes: Sizes,
    before: Totals,
    /// The number of the last order.
    pub(crate) last: Arc<AtomicI64>,
    past: i64,
}

impl Filled {
    /// Makes the store in `dir`, with so many rows in its ledger. An error says why it cannot be here.
    pub(crate) fn make(kind: Kind, dir: &Path, sizes: Sizes, rows: u32) -> Result<Self, String> {
        let (dir, past) = (dir.join(format!("{kind:?}").to_lowercase()), i64::from(rows / 2));
        if kind == Kind::Postgres {
            cluster::make(&dir)?;
        } else {
            std::fs::create_dir(&dir).map_err(|error| error.to_string())?;
        }
        match kind.peer(&dir, sizes, Way::Together) {
            None => samovar::fill(&dir, rows.into()),
            Some(mut peer) => peer.fill(past),
        }
        let before = kind.totals(&dir, sizes);
        Ok(Self { kind, dir, sizes, before, last: Arc::new(AtomicI64::new(past)), past })
    }

    /// Opens it for callers.
    pub(crate) fn open(&self, contender: Contender, runtime: &Runtime) -> Running {
        let most = match contender.way {
            Way::Pool => {
                let (pool, server) = Pool::open(&self.dir, runtime);
                return Running::new(Door::Pool(Arc::new(pool)), move || drop(server));
            }
            Way::Together => crate::run::BATCH,
            Way::Alone | Way::AloneWithoutQuickRepair => 1,
        };
        match self.kind.peer(&self.dir, self.sizes, contender.way) {
            None => samovar::open(&self.dir),
            Some(peer) => Running::writer(peer, most),
        }
    }

    /// Counts what is in it: every order that was answered, no more and no less.
    pub(crate) fn check(&self) -> Totals {
        let placed = self.last.load(std::sync::atomic::Ordering::Relaxed) - self.past;
        let Totals { ledger, held } = self.before;
        let expected = Totals { ledger: ledger + placed, held: held + placed * crate::shop::PRICE.get() };
        let found = self.kind.totals(&self.dir, self.sizes);
        assert_eq!(found, expected, "{:?} after {placed} orders", self.kind);
        found
    }
}

impl Kind {
    /// Its writer; ours has its own.
    fn peer(self, dir: &Path, sizes: Sizes, way: Way) -> Option<Box<dyn Peer>> {
        let quick_repair = !matches!(way, Way::AloneWithoutQuickRepair);
        match self {
            Self::Samovar => None,
            Self::Redb => Some(Box::new(redb::Redb::open(dir, sizes, quick_repair))),
            Self::Sqlite => Some(Box::new(sqlite::Sqlite::open(dir))),
            Self::Postgres => Some(Box::new(postgres::Postgres::open(dir))),
            Self::Fjall => Some(Box::new(fjall::Fjall::open(dir, sizes))),
        }
    }

    fn totals(self, dir: &Path, sizes: Sizes) -> Totals {
        let peer = self.peer(dir, sizes, Way::Together);
        peer.map_or_else(|| samovar::totals(dir), |mut peer| peer.totals())
    }
}

/// How many bytes our own rows have.
pub(crate) fn sizes(dir: &Path) -> Sizes {
    samovar::sizes(dir)
}
