//! From the events of an entity to what is read of it: visits, cases, days of counters.
//!
//! A row is a function of the set of its entity's events, by the same order and the same fold as
//! at a desk. An entity that cannot be folded, or whose row the database does not take, is left
//! out by itself; the others of its batch go on.

use std::{
    collections::{BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
};

use chrono::{Datelike as _, NaiveDate};
use deadpool_postgres::{Client, GenericClient, Transaction};
use motcua_domain::{
    case::{Case, ProcedureRef},
    catalogue::Procedure,
    counter::CounterDay,
    visit::{Visit, figures::Sample},
};
use motcua_protocol::{
    Time, entity,
    event::{BranchEvent, Header},
    fold::{Folded, fold},
    order,
};
use motcua_sync::intake::{Failed, Waiting, waits};
use uuid::Uuid;

use crate::{
    branch,
    downstream::{Beside, Facts, facts, queue},
    error::{Error, Result},
    ingest::text,
};

/// What became of entities.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// Events that had seen something that is not here yet: with device and entity.
    pub(crate) parked: Waiting,
    /// Entities that could not be applied.
    pub(crate) failed: Failed,
}

/// An event of an entity, as far as folding needs it.
struct Event {
    header: Header,
    body: Vec<u8>,
}

impl AsRef<Header> for Event {
    fn as_ref(&self) -> &Header {
        &self.header
    }
}

/// What an entity came to.
struct Entity {
    id: Uuid,
    folded: Folded,
    /// Of a case: what systems beyond central are told of it.
    told: Option<[u8; 32]>,
}

/// Writes the rows of entities anew.
pub(crate) async fn apply(
    tx: &mut Transaction<'_>,
    office: i32,
    touched: &BTreeSet<Uuid>,
) -> Result<Applied> {
    let closed = closed(tx, office).await?;
    let mut applied = Applied::default();
    let mut entities = Vec::with_capacity(touched.len());
    for (id, events) in events_of(tx, office, touched).await? {
        // A hostile body must not stop the line: what makes the fold fall over is left out.
        let folded = catch_unwind(AssertUnwindSafe(|| {
            let Ok(ordered) = order::causal::<_, std::convert::Infallible>(events, |d, e| {
                Ok(closed.get(&(d, e)).copied())
            });
            let placed = ordered.placed.iter();
            let folded = fold(
                placed.map(|e| (&e.header, &e.body[..])),
                ordered.seen.as_deref(),
            );
            // Nobody beyond is told of a case before it has its final code.
            let known = folded.case.as_ref().filter(|case| !case.is_provisional());
            let told = known.map(|case| {
                let placed = ordered.placed.iter();
                facts(case, placed.map(|e| (&e.header, &e.body[..]))).map(|facts| facts.hash)
            });
            (folded, told.transpose(), ordered.parked)
        }));
        let Ok((folded, Ok(told), parked)) = folded else {
            tracing::error!(entity = %id, "events cannot be folded");
            applied.failed.insert(id);
            continue;
        };
        for Event { header, body } in parked {
            if waits(&header.kind, &body) {
                (applied.parked).insert(header.event_id, (header.device, header.entity));
            }
        }
        entities.push(Entity { id, folded, told });
    }
    let together = tx.savepoint("read_model").await?;
    match write(&together, office, &entities).await {
        Ok(()) => together.commit().await?,
        Err(error) => {
            tracing::warn!(%error, "rows are written one by one");
            together.rollback().await?;
            for entity in &entities {
                let alone = tx.savepoint("entity").await?;
                match write(&alone, office, std::slice::from_ref(entity)).await {
                    Ok(()) => alone.commit().await?,
                    Err(error) => {
                        tracing::error!(%error, entity = %entity.id, "row not written");
                        alone.rollback().await?;
                        applied.failed.insert(entity.id);
                    }
                }
            }
        }
    }
    Ok(applied)
}

/// Up to where epochs count whose history went two ways.
async fn closed(tx: &impl GenericClient, office: i32) -> Result<HashMap<(Uuid, u32), u64>> {
    let rows = tx
        .query(
            &tx.prepare_cached("SELECT device, epoch, seq FROM epoch_closed WHERE office_id = $1")
                .await?,
            &[&office],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let epoch = u32::try_from(row.get::<_, i64>(1)).unwrap_or_default();
            ((row.get(0), epoch), row.get::<_, i64>(2).unsigned_abs())
        })
        .collect())
}

async fn events_of(
    tx: &impl GenericClient,
    office: i32,
    touched: &BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, Vec<Event>>> {
    let ids: Vec<Uuid> = touched.iter().copied().collect();
    let rows = tx
        .query(
            &tx.prepare_cached(
                "SELECT entity, header, body FROM event_log WHERE office_id = $1 AND entity = ANY($2)",
            )
            .await?,
            &[&office, &ids],
        )
        .await?;
    let mut events: HashMap<Uuid, Vec<Event>> = HashMap::with_capacity(ids.len());
    for row in rows {
        let mut bytes: &[u8] = row.get(1);
        let header = Header::read(&mut bytes).ok_or(Error::Damaged("header of an event"))?;
        let body = row.get(2);
        events
            .entry(row.get(0))
            .or_default()
            .push(Event { header, body });
    }
    Ok(events)
}

/// What is told of a case, as its log has it now; none where it is no case any more.
pub(crate) async fn facts_of(client: &mut Client, office: i32, id: Uuid) -> Result<Option<Facts>> {
    let tx = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let closed = closed(&tx, office).await?;
    let mut events = events_of(&tx, office, &BTreeSet::from([id])).await?;
    let Some(events) = events.remove(&id) else {
        return Ok(None);
    };
    let Ok(ordered) = order::causal::<_, std::convert::Infallible>(events, |d, e| {
        Ok(closed.get(&(d, e)).copied())
    });
    let placed = || ordered.placed.iter().map(|e| (&e.header, &e.body[..]));
    let folded = fold(placed(), ordered.seen.as_deref());
    let known = folded.case.filter(|case| !case.is_provisional());
    let Some(case) = known else {
        return Ok(None);
    };
    let mut facts = facts(&case, placed())?;
    facts.beside = Beside {
        officers: branch::known(&tx, office).await?.officers,
        procedure: procedure(&tx, office, &closed, &case.received.procedure).await?,
    };
    Ok(Some(facts))
}

/// That version of a procedure, if the office's logs have it here.
async fn procedure(
    tx: &impl GenericClient,
    office: i32,
    closed: &HashMap<(Uuid, u32), u64>,
    wanted: &ProcedureRef,
) -> Result<Option<Procedure>> {
    let id = entity::procedure(&wanted.code);
    let mut events = events_of(tx, office, &BTreeSet::from([id])).await?;
    let Ok(ordered) = order::causal::<_, std::convert::Infallible>(
        events.remove(&id).unwrap_or_default(),
        |d, e| Ok(closed.get(&(d, e)).copied()),
    );
    let folded = fold(
        ordered.placed.iter().map(|e| (&e.header, &e.body[..])),
        ordered.seen.as_deref(),
    );
    let mut versions = folded.branch.into_iter();
    Ok(versions.find_map(|(recorded, _)| match recorded.event {
        BranchEvent::Procedure(published) if published.version == wanted.version => {
            Some(published.procedure)
        }
        _ => None,
    }))
}

/// Folds the branch document of an office anew, while nobody else writes for it.
pub(crate) async fn branch_again(client: &mut Client, office: i32) -> Result<()> {
    let mut tx = client.transaction().await?;
    let sql = "SELECT 1 FROM office WHERE office_id = $1 FOR UPDATE";
    tx.query_one(sql, &[&office]).await?;
    apply(&mut tx, office, &BTreeSet::from([entity::branch()])).await?;
    tx.commit().await?;
    Ok(())
}

async fn write(tx: &Transaction<'_>, office: i32, entities: &[Entity]) -> Result<()> {
    if let Some(document) = entities.iter().find(|e| e.id == entity::branch()) {
        branch::write(tx, office, &document.folded).await?;
    }
    let visits: Vec<(Uuid, &Visit)> = entities
        .iter()
        .filter_map(|e| Some((e.id, e.folded.visit.as_ref()?)))
        .collect();
    let cases: Vec<(Uuid, &Case)> = entities
        .iter()
        .filter_map(|e| Some((e.id, e.folded.case.as_ref()?)))
        .collect();
    write_visits(tx, office, &visits).await?;
    write_cases(tx, office, &cases).await?;
    let days: Vec<(Uuid, &CounterDay)> = entities
        .iter()
        .filter_map(|e| Some((e.id, e.folded.counter.as_ref()?)))
        .collect();
    write_counter_days(tx, office, &days).await?;
    // An entity may stop being one, when it turns out that its first event does not count.
    let no_visit: Vec<Uuid> = entities
        .iter()
        .filter(|e| e.folded.visit.is_none())
        .map(|e| e.id)
        .collect();
    let told: Vec<(Uuid, [u8; 32])> = entities
        .iter()
        .filter_map(|e| Some((e.id, e.told?)))
        .collect();
    let no_case: Vec<Uuid> = entities
        .iter()
        .filter(|e| e.folded.case.is_none())
        .map(|e| e.id)
        .collect();
    let no_day: Vec<Uuid> = entities
        .iter()
        .filter(|e| e.folded.counter.is_none())
        .map(|e| e.id)
        .collect();
    queue::want(tx, office, &told, &no_case).await?;
    for (table, gone) in [
        ("visit", no_visit),
        ("case_file", no_case),
        ("counter_day", no_day),
    ] {
        if !gone.is_empty() {
            let sql = format!("DELETE FROM {table} WHERE office_id = $1 AND id = ANY($2)");
            tx.execute(&tx.prepare_cached(&sql).await?, &[&office, &gone])
                .await?;
        }
    }
    Ok(())
}

/// The name that a value of a plain enumeration has on the wire.
fn name(value: &impl serde::Serialize) -> Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        _ => Err(Error::Damaged("name of a state")),
    }
}

async fn write_visits(tx: &Transaction<'_>, office: i32, visits: &[(Uuid, &Visit)]) -> Result<()> {
    if visits.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = visits.iter().map(|(id, _)| *id).collect();
    let dates: Vec<NaiveDate> = visits.iter().map(|(_, v)| v.date).collect();
    let states: Vec<String> =
        (visits.iter().map(|(_, v)| name(&v.state()))).collect::<Result<_>>()?;
    let tickets: Vec<String> = visits.iter().map(|(_, v)| text(&v.label())).collect();
    let services: Vec<String> = visits.iter().map(|(_, v)| text(&v.leg().service)).collect();
    let queued: Vec<i64> = visits.iter().map(|(_, v)| v.legs[0].queued_ms).collect();
    let waits: Vec<i64> = (visits.iter())
        .map(|(_, v)| v.clocks(v.last_ms).wait_ms)
        .collect();
    let accurate: Vec<bool> = visits.iter().map(|(_, v)| v.accurate()).collect();
    let samples: Vec<Option<&str>> = (visits.iter())
        .map(|(_, v)| Sample::settled(v).map(|sample| sample.kind.name()))
        .collect();
    let docs: Vec<String> = (visits.iter())
        .map(|(_, v)| serde_json::to_string(v))
        .collect::<serde_json::Result<_>>()?;
    let statement = tx
        .prepare_cached(
            "INSERT INTO visit(office_id, id, date, state, ticket, service, queued_ms, wait_ms, accurate, sample, doc)
             SELECT $1, * FROM unnest($2::uuid[], $3::date[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[], $10::text[], $11::text[])
             ON CONFLICT(office_id, id) DO UPDATE SET date = excluded.date, state = excluded.state, ticket = excluded.ticket,
               service = excluded.service, queued_ms = excluded.queued_ms, wait_ms = excluded.wait_ms,
               accurate = excluded.accurate, sample = excluded.sample, doc = excluded.doc",
        )
        .await?;
    tx.execute(
        &statement,
        &[
            &office, &ids, &dates, &states, &tickets, &services, &queued, &waits, &accurate,
            &samples, &docs,
        ],
    )
    .await?;
    Ok(())
}

async fn write_cases(tx: &Transaction<'_>, office: i32, cases: &[(Uuid, &Case)]) -> Result<()> {
    if cases.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = cases.iter().map(|(id, _)| *id).collect();
    let codes: Vec<String> = cases.iter().map(|(_, c)| text(c.code())).collect();
    let procedures: Vec<String> = (cases.iter())
        .map(|(_, c)| text(&c.received.procedure.code))
        .collect();
    let statuses: Vec<String> =
        (cases.iter().map(|(_, c)| name(&c.status))).collect::<Result<_>>()?;
    let received: Vec<i64> = cases.iter().map(|(_, c)| c.received.received_ms).collect();
    let due: Vec<Option<i64>> = cases.iter().map(|(_, c)| c.due_ms()).collect();
    // Whatever a log claims: the database has no such day, and no figure is of it.
    let day = |date: NaiveDate| Some(date).filter(|date| (1..=9999).contains(&date.year()));
    let received_on: Vec<Option<NaiveDate>> =
        cases.iter().map(|(_, c)| day(c.received.date)).collect();
    let returned_on: Vec<Option<NaiveDate>> = (cases.iter())
        .map(|(_, c)| day(Time::from_ms(c.returned_ms()?).date()))
        .collect();
    let docs: Vec<String> = (cases.iter())
        .map(|(_, c)| serde_json::to_string(c))
        .collect::<serde_json::Result<_>>()?;
    let statement = tx
        .prepare_cached(
            "INSERT INTO case_file(office_id, id, code, procedure, status, received_ms, due_ms, received_on, returned_on, doc)
             SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::date[], $9::date[], $10::text[])
             ON CONFLICT(office_id, id) DO UPDATE SET code = excluded.code, procedure = excluded.procedure,
               status = excluded.status, received_ms = excluded.received_ms, due_ms = excluded.due_ms,
               received_on = excluded.received_on, returned_on = excluded.returned_on, doc = excluded.doc",
        )
        .await?;
    tx.execute(
        &statement,
        &[
            &office,
            &ids,
            &codes,
            &procedures,
            &statuses,
            &received,
            &due,
            &received_on,
            &returned_on,
            &docs,
        ],
    )
    .await?;
    Ok(())
}

async fn write_counter_days(
    tx: &Transaction<'_>,
    office: i32,
    days: &[(Uuid, &CounterDay)],
) -> Result<()> {
    if days.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = days.iter().map(|(id, _)| *id).collect();
    let dates: Vec<NaiveDate> = days.iter().map(|(_, d)| d.date).collect();
    let counters: Vec<i32> = days.iter().map(|(_, d)| i32::from(d.counter)).collect();
    let docs: Vec<String> = (days.iter())
        .map(|(_, d)| serde_json::to_string(d))
        .collect::<serde_json::Result<_>>()?;
    let statement = tx
        .prepare_cached(
            "INSERT INTO counter_day(office_id, id, date, counter, doc)
             SELECT $1, * FROM unnest($2::uuid[], $3::date[], $4::integer[], $5::text[])
             ON CONFLICT(office_id, id) DO UPDATE SET date = excluded.date, counter = excluded.counter, doc = excluded.doc",
        )
        .await?;
    tx.execute(&statement, &[&office, &ids, &dates, &counters, &docs])
        .await?;
    Ok(())
}
