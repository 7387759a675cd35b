//! The durable list of cases of which something is still to be told. Every statement stands for
//! itself: a copy of the program that dies anywhere leaves a claim that runs out, and nothing else.

use std::time::Duration;

use deadpool_postgres::{Client, Transaction};
use uuid::Uuid;

use super::{System, Why};
use crate::error::Result;

/// Longest pause before a case that was refused is told again by itself.
pub(crate) const REFUSED_CAP_S: f64 = 6.0 * 3_600.0;

/// Says which offices a system serves from now on; their cases are told it, those from before too.
/// Copies of the program with the same file find nothing to change.
pub(crate) async fn serves(client: &mut Client, system: System, offices: &[String]) -> Result<()> {
    let mut wanted = offices.to_vec();
    wanted.sort_unstable();
    let row = client
        .query_one(
            "SELECT coalesce(array_agg(office ORDER BY office COLLATE \"C\"), '{}') FROM downstream_use WHERE system = $1",
            &[&system.name()],
        )
        .await?;
    if row.get::<_, Vec<String>>(0) == wanted {
        return Ok(());
    }
    let tx = client.transaction().await?;
    // Whoever stores a case meanwhile has read the old list, and is waited for; whoever comes later
    // reads the new one.
    tx.batch_execute("LOCK TABLE downstream_use IN ACCESS EXCLUSIVE MODE")
        .await?;
    tx.execute(
        "DELETE FROM downstream_use WHERE system = $1 AND office <> ALL($2)",
        &[&system.name(), &wanted],
    )
    .await?;
    tx.execute(
        "INSERT INTO downstream_use(system, office) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        &[&system.name(), &wanted],
    )
    .await?;
    tx.batch_execute(
        "INSERT INTO downstream_case AS d (office_id, id, system, wanted)
         SELECT c.office_id, c.id, t.system, decode(repeat('00', 32), 'hex')
         FROM case_file c JOIN downstream_target t USING(office_id)
         ON CONFLICT(office_id, id, system) DO UPDATE SET dropped = false, waiting = true,
           wanted = excluded.wanted, since = now(), next_at = now() WHERE d.dropped;
         DELETE FROM downstream_case d WHERE NOT known
           AND NOT EXISTS (SELECT 1 FROM downstream_target t WHERE (t.office_id, t.system) = (d.office_id, d.system));
         UPDATE downstream_case d SET dropped = true, waiting = false WHERE NOT dropped
           AND NOT EXISTS (SELECT 1 FROM downstream_target t WHERE (t.office_id, t.system) = (d.office_id, d.system))",
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Notes what is to be told of cases, in the transaction that changes them.
pub(crate) async fn want(
    tx: &Transaction<'_>,
    office: i32,
    cases: &[(Uuid, [u8; 32])],
    gone: &[Uuid],
) -> Result<()> {
    if !cases.is_empty() {
        let ids: Vec<Uuid> = cases.iter().map(|c| c.0).collect();
        let hashes: Vec<&[u8]> = cases.iter().map(|c| &c.1[..]).collect();
        tx.execute(
            &tx.prepare_cached(
                "INSERT INTO downstream_case AS d (office_id, id, wanted, system)
                 SELECT $1, c.id, c.wanted, t.system
                 FROM unnest($2::uuid[], $3::bytea[]) AS c(id, wanted)
                 JOIN downstream_target t ON t.office_id = $1
                 ON CONFLICT(office_id, id, system) DO UPDATE SET wanted = excluded.wanted,
                   waiting = d.told IS DISTINCT FROM excluded.wanted,
                   since = CASE WHEN d.waiting THEN d.since ELSE now() END,
                   code = NULL, detail = NULL, tries = 0, next_at = now()
                 WHERE d.wanted <> excluded.wanted",
            )
            .await?,
            &[&office, &ids, &hashes],
        )
        .await?;
    }
    if !gone.is_empty() {
        tx.execute(
            &tx.prepare_cached(
                // What was never told is forgotten; what was is for a person to see.
                "WITH never AS (DELETE FROM downstream_case WHERE office_id = $1 AND id = ANY($2) AND NOT known)
                 UPDATE downstream_case SET wanted = decode(repeat('00', 32), 'hex'), waiting = true, next_at = now()
                 WHERE office_id = $1 AND id = ANY($2) AND known AND NOT dropped",
            )
            .await?,
            &[&office, &gone],
        )
        .await?;
    }
    Ok(())
}

/// A case that nobody else tells of meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    claim: Uuid,
    system: System,
    pub(crate) office: i32,
    pub(crate) code: String,
    pub(crate) id: Uuid,
    pub(crate) known: bool,
    tries: i32,
    wanted: Vec<u8>,
}

/// Takes the case that has waited longest for its next try.
pub(crate) async fn claim(
    client: &Client,
    system: System,
    until: Duration,
) -> Result<Option<Claim>> {
    let claim = Uuid::now_v7();
    let row = client
        .query_opt(
            &client
                .prepare_cached(
                    "WITH next AS MATERIALIZED (
                       SELECT office_id, id FROM downstream_case
                       WHERE system = $3 AND waiting AND next_at <= now() AND (claimed_until IS NULL OR claimed_until < now())
                       ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                     UPDATE downstream_case d SET claim = $1, claimed_until = now() + make_interval(secs => $2)
                     FROM next, office o
                     WHERE d.office_id = next.office_id AND d.id = next.id AND d.system = $3 AND o.office_id = d.office_id
                     RETURNING d.office_id, o.code, d.id, d.known, d.tries, d.wanted",
                )
                .await?,
            &[&claim, &until.as_secs_f64(), &system.name()],
        )
        .await?;
    Ok(row.map(|row| Claim {
        claim,
        system,
        office: row.get(0),
        code: row.get(1),
        id: row.get(2),
        known: row.get(3),
        tries: row.get(4),
        wanted: row.get(5),
    }))
}

impl Claim {
    /// The system has the case from now on.
    pub(crate) async fn taken_in(&mut self, client: &Client) -> Result<()> {
        client
            .execute(
                "UPDATE downstream_case SET known = true WHERE office_id = $1 AND id = $2 AND system = $3",
                &[&self.office, &self.id, &self.system.name()],
            )
            .await?;
        self.known = true;
        Ok(())
    }

    /// Turns that were told before.
    pub(crate) async fn turns_told(&self, client: &Client) -> Result<Vec<Uuid>> {
        let rows = client
            .query(
                "SELECT event_id FROM downstream_turn WHERE office_id = $1 AND id = $2 AND system = $3",
                &[&self.office, &self.id, &self.system.name()],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Turns that are told now.
    pub(crate) async fn tell_turns(&self, client: &Client, turns: &[Uuid]) -> Result<()> {
        client
            .execute(
                "INSERT INTO downstream_turn(office_id, id, event_id, system) SELECT $1, $2, e, $4 FROM unnest($3::uuid[]) e ON CONFLICT DO NOTHING",
                &[&self.office, &self.id, &turns, &self.system.name()],
            )
            .await?;
        Ok(())
    }

    /// All of it is told, unless the case changed meanwhile.
    pub(crate) async fn done(self, client: &Client, hash: &[u8; 32]) -> Result<()> {
        client
            .execute(
                // Whoever lost the claim says nothing any more: another one tells it again. What was
                // told is what was wanted, also where it was queued by an older program that knew
                // less of a case.
                "UPDATE downstream_case SET told = $4, waiting = NOT dropped AND wanted NOT IN ($4, $5), since = now(),
                   wanted = CASE wanted WHEN $5 THEN $4 ELSE wanted END, code = NULL, detail = NULL, tries = 0, next_at = now(), claim = NULL, claimed_until = NULL
                 WHERE office_id = $1 AND id = $2 AND claim = $3 AND system = $6",
                &[
                    &self.office,
                    &self.id,
                    &self.claim,
                    &&hash[..],
                    &self.wanted,
                    &self.system.name(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Not now, for this reason; tried again after a pause of its own.
    pub(crate) async fn put_off(
        self,
        client: &Client,
        why: &Why,
        base_s: f64,
        cap_s: f64,
    ) -> Result<()> {
        let pause = pause(base_s, cap_s, self.tries)?;
        client
            .execute(
                "UPDATE downstream_case SET code = $4, detail = $5, tries = tries + 1,
                   next_at = now() + make_interval(secs => $6), claim = NULL, claimed_until = NULL
                 WHERE office_id = $1 AND id = $2 AND claim = $3 AND system = $7",
                &[
                    &self.office,
                    &self.id,
                    &self.claim,
                    &why.code,
                    &why.detail,
                    &pause,
                    &self.system.name(),
                ],
            )
            .await?;
        Ok(())
    }
}

/// Full jitter under a cap that doubles: copies that failed together do not come back together.
fn pause(base_s: f64, cap_s: f64, tries: i32) -> Result<f64> {
    let chance = u32::from_be_bytes(crate::auth::random::<4>()?);
    let most = (base_s * 2_f64.powi(tries.clamp(0, 30))).min(cap_s);
    Ok(most * f64::from(chance) / f64::from(u32::MAX))
}

/// How the line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Go on.
    Open,
    /// It is away; try with one case whether it is back.
    Try,
    /// Not before so long.
    Shut(Duration),
}

/// There is a line from now on.
pub(crate) async fn opened(client: &Client, system: System) -> Result<()> {
    let sql = "INSERT INTO downstream_line(system) VALUES($1) ON CONFLICT DO NOTHING";
    client.execute(sql, &[&system.name()]).await?;
    Ok(())
}

/// Asks whether to go on. While the system is away one copy at a time may try, and has `until` for
/// it.
pub(crate) async fn line(client: &Client, system: System, until: Duration) -> Result<Line> {
    let tried = client
        .query_opt(
            &client
                .prepare_cached(
                    "UPDATE downstream_line SET next_at = now() + make_interval(secs => $1)
                     WHERE system = $2 AND tries > 0 AND next_at <= now() RETURNING 1",
                )
                .await?,
            &[&until.as_secs_f64(), &system.name()],
        )
        .await?;
    if tried.is_some() {
        return Ok(Line::Try);
    }
    let row = client
        .query_opt(
            &client
                .prepare_cached(
                    "SELECT greatest(extract(epoch FROM next_at - now()), 0.05)::float8 FROM downstream_line WHERE system = $1 AND tries > 0",
                )
                .await?,
            &[&system.name()],
        )
        .await?;
    Ok(match row {
        Some(row) => Line::Shut(Duration::from_secs_f64(row.get(0))),
        None => Line::Open,
    })
}

/// There was nothing to try the line with.
pub(crate) async fn not_tried(client: &Client, system: System) -> Result<()> {
    let sql = "UPDATE downstream_line SET next_at = now() WHERE system = $1 AND tries > 0";
    client.execute(sql, &[&system.name()]).await?;
    Ok(())
}

/// The system answered, whatever it said.
pub(crate) async fn heard(client: &Client, system: System) -> Result<()> {
    client
        .execute(
            &client
                .prepare_cached(
                    // One row for all copies: written when it changes something, or now and then.
                    "UPDATE downstream_line SET heard_at = now(), since = NULL, code = NULL, detail = NULL, tries = 0, next_at = now()
                     WHERE system = $1 AND (tries > 0 OR heard_at IS NULL OR heard_at < now() - interval '5 seconds')",
                )
                .await?,
            &[&system.name()],
        )
        .await?;
    Ok(())
}

/// The system cannot be reached.
pub(crate) async fn away(
    client: &Client,
    system: System,
    why: &Why,
    base_s: f64,
    cap_s: f64,
) -> Result<()> {
    let sql = "SELECT tries FROM downstream_line WHERE system = $1";
    let row = client.query_one(sql, &[&system.name()]).await?;
    let pause = pause(base_s, cap_s, row.get(0))?;
    client
        .execute(
            "UPDATE downstream_line SET since = coalesce(since, now()), code = $1, detail = $2, tries = tries + 1,
               next_at = now() + make_interval(secs => $3) WHERE system = $4",
            &[&why.code, &why.detail, &pause, &system.name()],
        )
        .await?;
    Ok(())
}

/// Has what was refused, and every line, tried again at once.
pub(crate) async fn retry(client: &Client) -> Result<u64> {
    client
        .execute("UPDATE downstream_line SET next_at = now()", &[])
        .await?;
    let refused = "UPDATE downstream_case SET next_at = now() WHERE waiting AND tries > 0";
    Ok(client.execute(refused, &[]).await?)
}
