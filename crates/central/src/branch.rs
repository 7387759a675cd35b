//! What a branch says of itself (`branch.configured` in its log): its name, its targets, the names
//! of its officers.

use std::collections::BTreeMap;

use deadpool_postgres::{Client, GenericClient, Pool};
use motcua_domain::branch::{Branch, usual_targets};
use motcua_protocol::{entity, event::BranchEvent, fold::Folded};

use crate::{
    error::{Error, Result},
    read_model,
};

/// What is known of a branch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// As it is set up now; none where it has not told.
    pub(crate) branch: Option<Branch>,
    /// Names of everybody who ever worked there, by id: whoever left has acted all the same.
    pub(crate) officers: BTreeMap<String, String>,
}

impl Known {
    /// As the events of the branch document tell it, in their order.
    fn of(folded: &Folded) -> Self {
        let mut known = Self::default();
        for (recorded, _) in &folded.branch {
            if let BranchEvent::Configured(configured) = &recorded.event {
                let officers = configured.branch.officers.iter();
                (known.officers).extend(officers.map(|o| (o.id.clone(), o.name.clone())));
                known.branch = Some(configured.branch.clone());
            }
        }
        known
    }

    /// The targets of the branch in minutes; those of every branch where it has not told.
    pub(crate) fn targets(&self) -> Vec<u32> {
        let own = self.branch.as_ref().map(|branch| &branch.targets);
        let targets = own.cloned().unwrap_or_else(usual_targets);
        targets.iter().map(|target| target.minutes).collect()
    }
}

/// Writes the row of an office anew.
pub(crate) async fn write(tx: &impl GenericClient, office: i32, folded: &Folded) -> Result<()> {
    let Known {
        branch: Some(branch),
        officers,
    } = Known::of(folded)
    else {
        let sql = "DELETE FROM branch WHERE office_id = $1";
        tx.execute(&tx.prepare_cached(sql).await?, &[&office])
            .await?;
        return Ok(());
    };
    tx.execute(
        &tx.prepare_cached(
            "INSERT INTO branch(office_id, doc, officers) VALUES($1, $2, $3)
             ON CONFLICT(office_id) DO UPDATE SET doc = excluded.doc, officers = excluded.officers",
        )
        .await?,
        &[
            &office,
            &serde_json::to_string(&branch)?,
            &serde_json::to_string(&officers)?,
        ],
    )
    .await?;
    Ok(())
}

/// What is known of the branch of an office.
pub(crate) async fn known(client: &impl GenericClient, office: i32) -> Result<Known> {
    let statement = client
        .prepare_cached("SELECT doc, officers FROM branch WHERE office_id = $1")
        .await?;
    let Some(row) = client.query_opt(&statement, &[&office]).await? else {
        return Ok(Known::default());
    };
    let read = || -> serde_json::Result<Known> {
        Ok(Known {
            branch: Some(serde_json::from_str(row.get(0))?),
            officers: serde_json::from_str(row.get(1))?,
        })
    };
    read().map_err(Error::from)
}

/// Reads what stood in the logs before there was a table for it.
pub(crate) async fn catch_up(pool: &Pool) -> Result<()> {
    let mut client: Client = pool.get().await?;
    let rows = client
        .query(
            "SELECT office_id FROM office o WHERE NOT EXISTS (SELECT 1 FROM branch b WHERE b.office_id = o.office_id)
             AND EXISTS (SELECT 1 FROM event_log e WHERE e.office_id = o.office_id AND e.entity = $1)",
            &[&entity::branch()],
        )
        .await?;
    for row in rows {
        read_model::branch_again(&mut client, row.get(0)).await?;
    }
    Ok(())
}
