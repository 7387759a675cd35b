//! A counter looks somebody up: its hub asks central, and whatever happens the counter goes on.

use std::sync::Mutex;

use motcua_app::{CentralLink, LinkState};
use motcua_domain::{identity::look_up::Outcome, visit::Party};
use motcua_protocol::look_up::{Ask, Told};

use super::*;

const NUMBER: &str = "001190000001";

/// Central as the hub's line sees it.
#[derive(Debug, Default)]
struct Central {
    asked: Mutex<Vec<Ask>>,
}

impl CentralLink for Central {
    fn state(&self, _: &App) -> LinkState {
        LinkState {
            here: true,
            ..LinkState::default()
        }
    }

    fn send_now(&self, _: &App) {}

    fn look_up(&self, ask: &Ask) -> Told {
        self.asked.lock().unwrap().push(ask.clone());
        Told {
            outcome: Outcome::Found,
            code: None,
            party: Some(Party {
                name: "Lò Thị Mai".to_owned(),
                id_number: Some(ask.number.clone()),
                ..Party::default()
            }),
        }
    }
}

fn asks(counter: &App) -> Value {
    let party = json!({"kind": "individual", "name": "Lò Thị Mái", "id_number": NUMBER});
    let answer = counter.call(
        &caller(OFFICER),
        "citizen.look_up",
        json!({ "party": party }),
    );
    answer.unwrap()
}

/// What the record of a case that the counter receives now says.
fn record(counter: &App) -> Value {
    let answer = counter.call(&caller(OFFICER), "case.receive", case());
    let id = answer.unwrap()["case_id"].clone();
    let view = counter.call(&caller(OFFICER), "case.get", json!({ "id": id }));
    view.unwrap()["case"]["look_up"].clone()
}

#[test]
fn a_counter_asks_by_way_of_its_hub_and_goes_on_when_the_hub_is_gone() {
    let hub = hub();
    let folder = tempfile::tempdir().unwrap();
    hub.join(folder.path());
    let (app, line) = counter(folder.path());
    line.sync(&app);
    assert_eq!(asks(&app)["code"], "LOOKUP_NO_CENTRAL");
    assert_eq!(record(&app)["code"], "LOOKUP_NO_CENTRAL");
    let central = Arc::new(Central::default());
    let link = Arc::clone(&central) as Arc<dyn CentralLink>;
    hub.branch.app().set_central(Some(link));
    let told = asks(&app);
    assert_eq!(told["outcome"], "found", "{told}");
    assert_eq!(told["differences"][0]["theirs"], "Lò Thị Mai");
    let asked = central.asked.lock().unwrap()[0].clone();
    assert_eq!(
        (asked.officer.as_str(), asked.number.as_str()),
        (OFFICER, NUMBER)
    );
    assert_eq!(record(&app)["outcome"], "found");
    // Whose word it is who asks: an officer that the hub does not know asks nobody.
    let stranger = Ask {
        officer: "nobody".to_owned(),
        ..asked
    };
    let told = hub.branch.app().look_up_for(&stranger);
    assert_eq!(told.code.as_deref(), Some("LOOKUP_NOT_ALLOWED"));
    assert_eq!(central.asked.lock().unwrap().len(), 1);
    // The hub is gone.
    drop(hub.running);
    assert_eq!(asks(&app)["code"], "LOOKUP_NO_LINE");
    let record = record(&app);
    assert_eq!(
        (&record["outcome"], &record["by"]),
        (&json!("unavailable"), &json!(OFFICER))
    );
}
