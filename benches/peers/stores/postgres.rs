//! PostgreSQL with the settings it comes with. An act is one call of a function, and so is a batch, which
//! works on sets rather than in a loop. The time a job is due is a partial index, as in SQLite.

use super::Peer;
use super::cluster::Cluster;
use crate::order::{MODEL, Order, PROMPT, RICH, Totals};
use crate::shop::{CUSTOMERS, PRICE};
use std::path::Path;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Statement};

/// Connections of a pool: more do not help two cores, and the server takes 100 as it comes.
const CONNECTIONS: usize = 64;

/// A batch where not all can be placed fails whole, and would be tried again one by one, as ours is. A wallet
/// that is asked more than once pays the sum. Room in the pages of the wallets lets an update stay in its page, so that no index changes.
const SCHEMA: &str = "
    CREATE TABLE wallets (
        id bigint PRIMARY KEY, available bigint NOT NULL, held bigint NOT NULL
    ) WITH (fillfactor = 50);
    CREATE TABLE ledger (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job bigint NOT NULL, customer bigint NOT NULL,
        amount bigint NOT NULL, at bigint NOT NULL, prev_hash bytea NOT NULL
    );
    CREATE TABLE jobs (
        id bigint PRIMARY KEY, customer bigint NOT NULL, price bigint NOT NULL, created bigint NOT NULL,
        due bigint, state smallint NOT NULL, model text NOT NULL, input text NOT NULL
    );
    CREATE INDEX jobs_due ON jobs (due) WHERE due IS NOT NULL;

    CREATE FUNCTION place(
        the_job bigint, the_customer bigint, the_time bigint, the_price bigint, the_model text, the_input text
    ) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM jobs WHERE id = the_job) THEN
            RETURN false;
        END IF;
        UPDATE wallets SET available = available - the_price, held = held + the_price
            WHERE id = the_customer AND available >= the_price;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        INSERT INTO ledger (job, customer, amount, at, prev_hash)
            VALUES (the_job, the_customer, the_price, the_time, decode(repeat('07', 32), 'hex'));
        INSERT INTO jobs VALUES (the_job, the_customer, the_price, the_time, the_time, 0, the_model, the_input);
        RETURN true;
    END $$;

    CREATE FUNCTION place_all(
        jobs_asked bigint[], customers bigint[], times bigint[], the_price bigint, the_model text, the_input text
    ) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        paid bigint;
    BEGIN
        IF EXISTS (SELECT FROM jobs WHERE id = ANY (jobs_asked)) THEN
            RAISE 'a job is known';
        END IF;
        UPDATE wallets SET available = available - sum, held = held + sum
            FROM (SELECT customer, count(*) * the_price AS sum FROM unnest(customers) customer GROUP BY customer) owed
            WHERE id = customer AND available >= sum;
        GET DIAGNOSTICS paid = ROW_COUNT;
        IF paid <> (SELECT count(DISTINCT customer) FROM unnest(customers) customer) THEN
            RAISE 'a wallet cannot pay';
        END IF;
        INSERT INTO ledger (job, customer, amount, at, prev_hash)
            SELECT job, customer, the_price, at, decode(repeat('07', 32), 'hex')
            FROM unnest(jobs_asked, customers, times) AS asked (job, customer, at);
        INSERT INTO jobs
            SELECT job, customer, the_price, at, at, 0, the_model, the_input
            FROM unnest(jobs_asked, customers, times) AS asked (job, customer, at);
    END $$;
";

const PLACE: &str = "SELECT place($1, $2, $3, $4, $5, $6)";
const PLACE_ALL: &str = "SELECT place_all($1, $2, $3, $4, $5, $6)";

/// Many connections, an act each.
pub(crate) struct Pool(Vec<(Client, Statement)>);

impl Pool {
    /// Starts the server and connects.
    pub(super) fn open(dir: &Path, runtime: &Runtime) -> (Self, Cluster) {
        let cluster = Cluster::start(dir, runtime);
        let pool = runtime.block_on(async {
            let mut pool = Vec::new();
            for _ in 0..CONNECTIONS {
                let client = cluster.connect().await;
                let place = client.prepare(PLACE).await.expect("sql");
                pool.push((client, place));
            }
            pool
        });
        (Self(pool), cluster)
    }

    /// Places one order. Callers share the connections out among them; those of one line up in it.
    pub(crate) async fn place(&self, caller: usize, order: Order) {
        let (client, place) = &self.0[caller % CONNECTIONS];
        let Order { job, customer, at } = order;
        let row = client.query_one(place, &[&job, &customer, &at, &PRICE.get(), &MODEL, &PROMPT]).await;
        assert!(row.expect("durable").get::<_, bool>(0), "a new job, and it can pay");
    }
}

/// Plans by the known indexes, made once. Left alone the server plans every batch anew by its length and reads
/// all wallets for 64 of them, a third as fast.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan";

/// One connection.
pub(super) struct Postgres {
    client: Client,
    place_all: Statement,
    runtime: Runtime,
    _cluster: Cluster,
}

impl Postgres {
    /// Starts the server and connects; the first time, makes the tables.
    pub(super) fn open(dir: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let cluster = Cluster::start(dir, &runtime);
        let (client, place_all) = runtime.block_on(async {
            let client = cluster.connect().await;
            let made = client.query_one("SELECT to_regclass('jobs') IS NOT NULL", &[]).await.expect("sql");
            if !made.get::<_, bool>(0) {
                client.batch_execute(SCHEMA).await.expect("sql");
            }
            client.batch_execute(SETTINGS).await.expect("sql");
            let place_all = client.prepare(PLACE_ALL).await.expect("sql");
            (client, place_all)
        });
        Self { client, place_all, runtime, _cluster: cluster }
    }
}

impl Peer for Postgres {
    fn fill(&mut self, past: i64) {
        let sql = format!(
            "INSERT INTO wallets SELECT n, {RICH}, 0 FROM generate_series(1, {CUSTOMERS}) n;
             INSERT INTO ledger (job, customer, amount, at, prev_hash)
                SELECT n / 2, n % {CUSTOMERS} + 1, {price}, n, decode(repeat('07', 32), 'hex')
                FROM generate_series(2, 2 * {past} + 1) n;
             INSERT INTO jobs SELECT n, n % {CUSTOMERS} + 1, {price}, n, NULL, 4, '{MODEL}', '{PROMPT}'
                FROM generate_series(1, {past}) n;",
            price = PRICE.get()
        );
        self.runtime.block_on(async {
            self.client.batch_execute(&sql).await.expect("written");
            self.client.batch_execute("VACUUM ANALYZE").await.expect("written");
        });
    }

    fn place(&mut self, orders: &[Order]) {
        let column = |of: fn(&Order) -> i64| orders.iter().map(of).collect::<Vec<i64>>();
        let (jobs, customers) = (column(|order| order.job), column(|order| order.customer));
        let times = column(|order| order.at);
        let placed = self.runtime.block_on(
            self.client
                .query_one(&self.place_all, &[&jobs, &customers, &times, &PRICE.get(), &MODEL, &PROMPT]),
        );
        placed.expect("new jobs, and they can pay");
    }

    fn totals(&mut self) -> Totals {
        let sql = "SELECT (SELECT count(*) FROM ledger), (SELECT sum(held)::bigint FROM wallets)";
        let row = self.runtime.block_on(self.client.query_one(sql, &[])).expect("readable");
        Totals { ledger: row.get(0), held: row.get(1) }
    }
}
